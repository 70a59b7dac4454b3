#pragma once

#include "base/result.hpp"
#include "region/contents/name.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How contents cross between regions when many small ones are asked for at once: the question is a line for each, the
/// answer a frame for each, in the same order.
namespace cloudshelf::objects {

/// Contents that one question may name.
inline constexpr std::size_t contents_per_question_max = 256;
/// The longest content that comes in a frame; what is longer is asked for by itself, in ranges.
inline constexpr std::uint64_t frame_bytes_max = 1 << 20;

/// `<sha256>.<key>` in a line each.
std::string encode_question(const std::vector<contents::ContentName>& names);
/// Errors: "objects.bad-question": what is no name, or too many of them.
Result<std::vector<contents::ContentName>> decode_question(std::string_view text);

/// What became of a content that was asked for.
enum class FrameKind : char {
    whole = '+',       // its bytes follow
    missing = '-',     // nobody there refers to it any more
    unreadable = '!',  // it is wanted there too, and cannot be read
};

struct Frame {
    FrameKind kind = FrameKind::whole;
    std::string bytes;
    bool operator==(const Frame&) const = default;
};

/// The kind, the length as 4 bytes big-endian, the bytes. Precondition: at most frame_bytes_max.
std::string encode_frame(const Frame& frame);

/// Takes an answer as it comes, in pieces of any size.
class FrameReader {
public:
    /// Errors: "objects.bad-frame": what no `encode_frame` makes.
    Result<void> feed(std::string_view piece);
    /// The next whole frame.
    std::optional<Frame> next();
    /// Nothing has begun that has not ended.
    bool between_frames() const { return head_.empty() && !current_; }

private:
    std::string head_;
    std::optional<Frame> current_;
    std::size_t missing_ = 0;  // bytes of the current one
    std::deque<Frame> whole_;
};

}  // namespace cloudshelf::objects
