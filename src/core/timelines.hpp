#pragma once

#include "base/ids.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace cloudshelf::core {

/// A promotion: `timeline` was left at `at`, for a new one.
struct Fork {
    std::uint32_t timeline = 0;
    Lsn at{0};
    friend bool operator==(const Fork&, const Fork&) = default;
};

/// A server's history, the oldest fork first, and where it is now.
struct Timelines {
    std::vector<Fork> forks;
    std::uint32_t timeline = 0;
    Lsn end{0};
};

/// The forks in a timeline history file (PostgreSQL 15, 26.3.6), `pg_wal/0000000N.history`.
std::vector<Fork> parse_history(std::string_view text);

/// What a writer's log says about ours.
struct Lineage {
    bool common = false;  // our history is a part of theirs
    Lsn fork{0};          // where theirs left ours; the end of theirs where it is the same timeline
    friend bool operator==(const Lineage&, const Lineage&) = default;
};

/// Two promotions can choose the same number: a timeline is the same only if it forked at the same places. `ours.end`
/// does not matter.
Lineage lineage(const Timelines& ours, const Timelines& writers);

/// An old server's data, as it is found.
struct OldData {
    bool is_standby = false;  // the data says so: it never wrote
    bool ended_cleanly = false;
    Lsn checkpoint{0};  // the last
};

/// Whether it follows the writer as it is. Stopped cleanly before the fork, or a standby since ever: nothing of it is
/// missing there. Anything else is exported first, and then rewound to the fork, or cloned anew where there is none.
bool follows_without_a_rewind(const OldData& ours, const Lineage& lineage);

}  // namespace cloudshelf::core
