#pragma once

#include "base/time.hpp"
#include "io/task.hpp"

#include <string>

namespace cloudshelf::io {

/// Now by CLOCK_BOOTTIME, which goes on while the machine is suspended: leases count from it (design §5).
/// Every process of one machine reads the same value; nothing compares it across machines.
TimePoint now();

/// Whose times `now` tells: the same as long as this machine runs, another after its next start and on other machines
/// (the kernel's boot id).
const std::string& clock_id();

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
