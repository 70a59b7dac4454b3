#pragma once

#include "base/time.hpp"

#include <cstdint>

namespace cloudshelf::sim {

/// A site's clock: of its own speed, which may change. In whole numbers, so that it reads the same on every machine.
class Clock {
public:
    /// Reads `local` at true time `now`, and runs that many millionths fast from then on.
    void set(TimePoint now, TimePoint local, std::int64_t ppm);
    /// It changes in this world: whoever waits has to hear of it (Process::clock_changed).
    void may_change() { steady_ = false; }
    bool steady() const { return steady_; }

    TimePoint read(TimePoint true_time) const;
    /// How long to wait by true time for that much of this clock, if it does not change; a day where it stands.
    Duration true_length(Duration local) const;

private:
    TimePoint true_base_{};
    TimePoint local_base_{};
    std::int64_t ppm_ = 0;
    bool steady_ = true;
};

}  // namespace cloudshelf::sim
