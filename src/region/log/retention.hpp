#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"
#include "region/log/entry.hpp"

#include <chrono>
#include <cstdint>

namespace cloudshelf::changelog {

/// How long entries are kept. Trimming waits for the replicas until a limit is passed; a replica that is overtaken then
/// has to take a snapshot.
struct Retention {
    Duration keep = std::chrono::hours(24);
    std::uint64_t bytes_keep = 1ull << 30;
    Duration limit = std::chrono::hours(24 * 7);
    std::uint64_t bytes_limit = 8ull << 30;
};

/// What trimming goes by: the first positions that each rule wants to keep, and how far the slowest replica got.
struct TrimBounds {
    Position low_water;  // trimmed up to here already
    Position by_keep;    // entries up to here are older than `keep`, or beyond `bytes_keep`
    Position by_limit;   // the same of the limits
    Position confirmed;  // by the slowest registered replica; the last position when there is none
    Position held;       // entries behind this are held for point-in-time recovery, whatever the limits say
};

/// The new low-water mark: every entry up to it goes.
Position trim_to(const TrimBounds& bounds);

}  // namespace cloudshelf::changelog
