#pragma once

#include "base/time.hpp"

#include <cstdint>

namespace cloudshelf::contents {

/// How fast a scrubber reads: as fast as all has to be read once in `whole_every`, within limits. Pure; it is told the
/// time.
class ScrubPace {
public:
    struct Options {
        Duration whole_every = std::chrono::days(14);
        std::uint64_t bytes_per_second_min = 1 << 20;   // so that a small store is known to be whole soon
        std::uint64_t bytes_per_second_max = 50 << 20;  // so that customers have the disk
    };
    ScrubPace(Options options, TimePoint now) : options_(options), told_(now) {}

    std::uint64_t bytes_per_second(std::uint64_t store_bytes) const;

    /// How many bytes may be read now. What is not used adds up to one second's worth: a pause is not made good by a
    /// rush. Negative while more was read than was allowed.
    std::int64_t allowed(std::uint64_t store_bytes, TimePoint now);
    /// They were read; a file is read whole, so that may be more than was allowed.
    void read(std::uint64_t bytes);
    /// From `now` until something may be read again, 0 where it may.
    Duration wait(std::uint64_t store_bytes, TimePoint now);

private:
    Options options_;
    TimePoint told_;
    double allowed_ = 0;
};

}  // namespace cloudshelf::contents
