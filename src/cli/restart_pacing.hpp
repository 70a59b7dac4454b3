#pragma once

#include "base/time.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace cloudshelf::cli {

/// When a program that ended is started again, and what of that is news: at once, then after pauses that double, until
/// it has been up for longer than the longest of them. A reason that stays the same is news once.
class RestartPacing {
public:
    static constexpr Duration pause_min = std::chrono::milliseconds(500);
    static constexpr Duration pause_max = std::chrono::seconds(30);

    /// It was started at `now`.
    explicit RestartPacing(TimePoint now) : tried_(now) {}

    /// It is seen not to run. True when that is news.
    bool ended(TimePoint now);
    /// Whether to start it, once it has ended.
    bool due(TimePoint now) const { return now >= tried_ + pause_; }
    /// It was started at `now`, which failed with `why`; without one it runs. True when that is news.
    bool tried(TimePoint now, std::optional<std::string> why);

private:
    TimePoint tried_;
    Duration pause_{};
    bool down_ = false;
    std::string why_;
};

}  // namespace cloudshelf::cli
