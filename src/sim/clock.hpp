#pragma once

#include "base/time.hpp"

#include <cstdint>

namespace cloudshelf::sim {

/// A site's clock: of its own speed, which may change. In whole numbers, so that it reads the same on every machine.
class Clock {
public:
    /// Reads `local` at true time `now`, and runs that many millionths fast from then on.
    void set(TimePoint now, TimePoint local, std::int64_t ppm);
    void run_at(std::int64_t ppm, TimePoint now) { set(now, read(now), ppm); }
    /// It changes in this world: whoever waits looks again and again.
    void may_change() { steady_ = false; }

    TimePoint read(TimePoint true_time) const;
    /// How long to wait by true time for that much of this clock; of a clock that may change, at most a moment.
    Duration true_length(Duration local) const;

private:
    TimePoint true_base_{};
    TimePoint local_base_{};
    std::int64_t ppm_ = 0;
    bool steady_ = true;
};

}  // namespace cloudshelf::sim
