#pragma once

#include "base/time.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace cloudshelf::controller {

/// How many looks began, and how far behind the time that they were meant for: a controller with more to look at than
/// it can do shows here first.
class LookCounts {
public:
    static constexpr std::array<Duration, 6> bounds{
        std::chrono::milliseconds(10),
        std::chrono::milliseconds(50),
        std::chrono::milliseconds(100),
        std::chrono::milliseconds(250),
        std::chrono::milliseconds(500),
        std::chrono::milliseconds(1000)
    };

    void add(Duration late) {
        ++total_;
        sum_ += late;
        for (std::size_t i = 0; i < bounds.size(); ++i) within_[i] += late <= bounds[i] ? 1 : 0;
    }

    std::uint64_t total() const { return total_; }
    Duration sum() const { return sum_; }
    /// Those that began within bounds[i].
    std::uint64_t within(std::size_t i) const { return within_[i]; }

private:
    std::uint64_t total_ = 0;
    Duration sum_{};
    std::array<std::uint64_t, bounds.size()> within_{};
};

}  // namespace cloudshelf::controller
