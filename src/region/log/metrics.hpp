#pragma once

#include "base/ids.hpp"
#include "region/log/entry.hpp"

#include <cstdint>
#include <vector>

namespace cloudshelf::changelog {

/// What this log knows of a region that follows it.
struct ReplicaMetrics {
    RegionName region;
    Position confirmed;             // durable there
    std::uint64_t lag_entries = 0;  // not confirmed yet; counts those it will not be sent, if others follow them
    double lag_seconds = 0;         // age of the oldest change of ours that it has not confirmed: the RPO, live
    bool needs_snapshot = false;    // entries were trimmed that it had not confirmed
};

struct Metrics {
    Position last;
    Position low_water;  // entries up to here are gone
    std::uint64_t log_bytes = 0;
    std::uint64_t groups = 0;              // commits, each with one fsync
    std::uint64_t refused_entries = 0;     // corrupt, out of order, or from the future, here or from a peer
    std::uint64_t snapshots_taken = 0;     // of this log
    std::uint64_t replicas_overtaken = 0;  // how often trimming passed one
    bool disk_full = false;                // writes are refused
    bool needs_reopening = false;  // a commit failed: writes are refused until the log is opened anew; reads go on
    double oldest_unconfirmed_seconds = 0;  // the worst replica's lag_seconds
    std::vector<ReplicaMetrics> replicas;
};

}  // namespace cloudshelf::changelog
