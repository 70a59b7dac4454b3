#include "region/objects/content_frames.hpp"

#include "base/assert.hpp"
#include "region/log/bytes.hpp"

#include <algorithm>

namespace cloudshelf::objects {
namespace {

constexpr std::size_t head_bytes = 1 + sizeof(std::uint32_t);

Result<Frame> begin_frame(std::string_view head, std::size_t& length) {
    changelog::ByteReader from(head);
    Frame frame{.kind = static_cast<FrameKind>(from.number<std::uint8_t>())};
    length = from.number<std::uint32_t>();
    const bool known =
        frame.kind == FrameKind::whole || frame.kind == FrameKind::missing || frame.kind == FrameKind::unreadable;
    if (!known || length > frame_bytes_max || (frame.kind != FrameKind::whole && length > 0))
        return fail("objects.bad-frame", "the answer is not made of contents");
    frame.bytes.reserve(length);
    return frame;
}

}  // namespace

std::string encode_question(const std::vector<contents::ContentName>& names) {
    std::string text;
    for (const auto& name : names) text.append(contents::flat(name)) += '\n';
    return text;
}

Result<std::vector<contents::ContentName>> decode_question(std::string_view text) {
    std::vector<contents::ContentName> names;
    while (!text.empty()) {
        const auto end = text.find('\n');
        auto name = end == std::string_view::npos ? std::nullopt : contents::from_flat(text.substr(0, end));
        if (!name) return fail("objects.bad-question", "a line is no content's name");
        if (names.size() == contents_per_question_max) return fail("objects.bad-question", "too many contents");
        names.push_back(std::move(*name));
        text.remove_prefix(end + 1);
    }
    return names;
}

std::string encode_frame(const Frame& frame) {
    CLOUDSHELF_ASSERT(frame.bytes.size() <= frame_bytes_max);
    changelog::ByteWriter to;
    to.reserve(head_bytes + frame.bytes.size());
    to.number(static_cast<std::uint8_t>(frame.kind)).text<std::uint32_t>(frame.bytes);
    return to.take();
}

Result<void> FrameReader::feed(std::string_view piece) {
    while (!piece.empty()) {
        if (!current_) {
            const auto taken = piece.substr(0, head_bytes - head_.size());
            head_ += taken;
            piece.remove_prefix(taken.size());
            if (head_.size() < head_bytes) return {};
            auto begun = begin_frame(head_, missing_);
            if (!begun) return fail(begun.error());
            current_ = std::move(*begun);
            head_.clear();
        }
        const auto taken = piece.substr(0, missing_);
        current_->bytes += taken;
        missing_ -= taken.size();
        piece.remove_prefix(taken.size());
        if (missing_ > 0) return {};
        whole_.push_back(std::move(*current_));
        current_.reset();
    }
    return {};
}

std::optional<Frame> FrameReader::next() {
    if (whole_.empty()) return std::nullopt;
    Frame frame = std::move(whole_.front());
    whole_.pop_front();
    return frame;
}

}  // namespace cloudshelf::objects
