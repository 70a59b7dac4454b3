#pragma once

#include "base/clock_reading.hpp"
#include "base/time.hpp"
#include "io/task.hpp"

#include <string>

namespace cloudshelf::io {

/// Now by CLOCK_BOOTTIME, which goes on while the machine is suspended: leases count from it (design §5).
/// Every process of one machine reads the same value; across machines only speeds are compared (core/clock_comparison).
///
/// For tests, `CLOUDSHELF_CLOCK_PPM=500` makes it run faster by so much, in `now` and `wait_for`; below 0, slower.
/// Since the machine's start, so that processes with the same speed still read the same.
TimePoint now();

/// This machine's clocks, for others to compare theirs with. The id is the kernel's of this boot.
ClockReading read_clocks();

/// Now as RFC 3339 in UTC with milliseconds, "2026-11-23T05:30:00.123Z": for people and records, never for decisions.
std::string utc_now();

/// The moment after which an answer is of no use. Made once at the top and handed down; never restarted on the way.
class Deadline {
public:
    static Deadline after(Duration duration) { return Deadline(now() + duration); }
    explicit Deadline(TimePoint at) : at_(at) {}

    TimePoint at() const { return at_; }
    /// What is left; zero when it has passed.
    Duration remaining() const;
    bool passed() const { return remaining() == Duration::zero(); }
    /// The sooner of this one and `after(duration)`.
    Deadline sooner(Duration duration) const;

private:
    TimePoint at_;
};

/// Waits on the loop.
Task<void> wait_for(Duration duration);

}  // namespace cloudshelf::io
