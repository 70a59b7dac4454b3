#include "region/objects/copy_content.hpp"

#include "region/objects/object_reader.hpp"
#include "region/objects/repairs.hpp"

#include <algorithm>
#include <memory>

namespace cloudshelf::objects {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;  // that is read and written at a time: others get their turns between

/// One copy under way. On one thread of the pool at a time.
class Copying {
public:
    Copying(ObjectReader reader, std::optional<contents::Writer> writer, std::optional<s3::ChecksumAlgorithm> algorithm)
        : reader_(std::move(reader)), writer_(std::move(writer)) {
        if (algorithm) checksum_.emplace(*algorithm);
    }

    /// One piece, or the end: then there is a result.
    Result<std::optional<CopiedContent>> step() {
        unreadable_.reset();
        auto bytes = reader_.next(piece_bytes);
        if (!bytes) unreadable_ = reader_.content();
        if (!bytes) return fail(bytes.error());
        if (bytes->empty()) return finish();
        md5_.update(*bytes);
        if (checksum_) checksum_->update(*bytes);
        if (writer_) {
            if (auto written = writer_->append(*bytes); !written) return fail(written.error());
        }
        return std::optional<CopiedContent>();
    }

    /// What the last step could not read, if that is why it failed. It may be repaired: the next goes on there.
    const std::optional<contents::ContentName>& unreadable() const { return unreadable_; }

private:
    Result<std::optional<CopiedContent>> finish() {
        CopiedContent copied;
        copied.md5 = md5_.finish();
        if (checksum_) copied.checksum = checksum_->finish();
        if (writer_) {
            auto stored = writer_->finish();
            if (!stored) return fail(stored.error());
            copied.stored = std::move(*stored);
        }
        return std::optional(std::move(copied));
    }

    ObjectReader reader_;
    std::optional<contents::Writer> writer_;
    s3::Digest md5_{s3::ChecksumAlgorithm::md5};
    std::optional<s3::Digest> checksum_;
    std::optional<contents::ContentName> unreadable_;
};

}  // namespace

io::Task<Result<CopiedContent>> copy_content(Service& service, Version source, CopyWanted wanted) {
    std::optional<contents::Writer> writer;
    if (wanted.key) {
        auto begun = service.contents().begin(*wanted.key);
        if (!begun) co_return fail(begun.error());
        writer.emplace(std::move(*begun));
    }
    ObjectReader reader(service.contents(), source, wanted.extent.offset, wanted.extent.length);
    const auto copying = std::make_shared<Copying>(std::move(reader), std::move(writer), wanted.checksum);
    std::optional<contents::ContentName> repaired;  // the last
    for (;;) {
        auto work = [copying] { return copying->step(); };
        auto done = co_await service.working().run(std::move(work));
        if (done && *done) co_return std::move(**done);
        if (done) continue;
        const auto unreadable = copying->unreadable();
        if (!unreadable || unreadable == repaired) co_return fail(done.error());
        const bool is_back = co_await bring_back(service, *unreadable, done.error());
        if (!is_back) co_return fail(done.error());
        repaired = unreadable;
    }
}

bool lies_under(const Version& version, std::string_view key) {
    return std::ranges::all_of(version.pieces, [key](const Piece& piece) { return piece.content.key == key; });
}

io::Task<Result<std::vector<contents::Pin>>> pin_pieces(Service& service, Version version) {
    std::vector<contents::Pin> pins;
    std::optional<std::size_t> repaired;  // the last
    for (;;) {
        auto work = [&service, &version, &pins]() -> Result<void> {
            while (pins.size() < version.pieces.size()) {
                auto pin = service.contents().pin(version.pieces[pins.size()].content);
                if (!pin) return fail(pin.error());
                pins.push_back(std::move(*pin));
            }
            return {};
        };
        const auto pinned = co_await service.working().run(std::move(work));
        if (pinned) co_return pins;
        const std::size_t damaged = pins.size();
        if (repaired == damaged) co_return fail(pinned.error());
        const bool is_back = co_await bring_back(service, version.pieces[damaged].content, pinned.error());
        if (!is_back) co_return fail(pinned.error());
        repaired = damaged;
    }
}

}  // namespace cloudshelf::objects
