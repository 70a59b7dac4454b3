#pragma once

#include "core/hybrid_clock.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace cloudshelf::core {

/// How far in our log one other region has everything, and we have everything that it wrote before it had that. What it
/// writes from then on is later than our entries up to there, so that it can bring back nothing they deleted.
class TombstoneHorizon {
public:
    /// The region was asked for its log when it had confirmed ours up to `confirmed`. Its answer said that its own
    /// ended at `their_last`; we have that log up to `followed`.
    void answered(std::uint64_t confirmed, std::uint64_t their_last, std::uint64_t followed);
    /// The position in our log; 0: none.
    std::uint64_t settled() const { return settled_; }

private:
    struct Pending {
        std::uint64_t confirmed = 0;
        std::uint64_t their_last = 0;
    };
    std::optional<Pending> pending_;
    std::uint64_t settled_ = 0;
};

/// What is known when tombstones are looked through.
struct TombstoneScene {
    struct Replica {
        std::uint16_t site = 0;
        std::uint64_t settled = 0;  // TombstoneHorizon::settled
    };
    std::uint16_t here = 0;         // our number in stamps
    std::vector<Replica> replicas;  // of the table, in other regions
    std::int64_t now_ms = 0;        // since 1970
    std::int64_t keep_ms = 0;       // younger ones stay: a region may be put back to a state of a while ago
};

/// Whether the tombstone of a deletion, made at `stamp` and at `position` in our log, is needed no more: no replica can
/// send an older write of that item. One that was made elsewhere goes only where its maker is the only replica, which
/// sends nothing older behind it; of three regions, the others' tombstones stay.
bool may_go(const TombstoneScene& scene, const HybridStamp& stamp, std::uint64_t position);

}  // namespace cloudshelf::core
