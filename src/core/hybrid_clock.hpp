#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace cloudshelf::core {

/// A moment by a hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): near the wall clock, and
/// later than everything its maker had seen. No two are equal: each site has a number of its own.
struct HybridStamp {
    std::int64_t wall_ms = 0;   // since 1970, UTC; never negative
    std::uint32_t counter = 0;  // of what happened in that millisecond
    std::uint16_t site = 0;     // who made it

    friend auto operator<=>(const HybridStamp&, const HybridStamp&) = default;

    static constexpr std::size_t encoded_bytes = 14;
    /// Big-endian, so that bytes compare as stamps do.
    std::string encode() const;
    /// Errors: "clock.bad-stamp".
    static Result<HybridStamp> decode(std::string_view bytes);
};

/// The clock of one site. Not for several threads at once.
class HybridClock {
public:
    struct Options {
        std::uint16_t site = 0;
        Duration skew_max = std::chrono::seconds(60);  // a stamp further ahead of our wall clock is refused
    };
    explicit HybridClock(Options options) : options_(options) {}

    /// The stamp of something that happens here now: later than every stamp made or received before, even when the wall
    /// clock went back.
    HybridStamp tick(std::int64_t wall_ms);
    /// What another site stamped was seen here. Errors: "clock.ahead" (its clock, or ours, is wrong: nothing changes).
    Result<void> receive(const HybridStamp& stamp, std::int64_t wall_ms);
    /// After a restart: the latest stamp that was made or received before it.
    void resume(const HybridStamp& latest);
    /// The latest stamp made or received; its `site` is ours.
    HybridStamp latest() const { return latest_; }

private:
    void advance(std::int64_t wall_ms, std::uint32_t counter);

    Options options_;
    HybridStamp latest_;
};

}  // namespace cloudshelf::core
