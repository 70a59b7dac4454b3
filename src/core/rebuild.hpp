#pragma once

#include "core/lease_record.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cloudshelf::core {

/// A lease as somebody last saw it in a store that is no more: an agent, a controller, a controller's journal.
struct LeaseSeen {
    RegionName region;
    Epoch epoch{0};
    std::string by;  // "the agent of us-west-2", for a person
};

/// What a region's agent answers when it is asked what it knows.
struct RegionSays {
    RegionName region;
    bool answers = false;
    Epoch epoch{0};          // the newest that it keeps durably
    bool writes = false;     // it may write at this moment: by the other region's promises
    bool is_writer = false;  // its data is a writer's, not a standby's; it may have been one of long ago
    std::optional<LeaseSeen> seen = std::nullopt;
};

/// What is to be written into a store that lost its lease, and why.
struct Rebuild {
    LeaseRecord lease;
    std::string why;
};

/// The lease for a store that was lost on all sites, or that forgot: `in_store` is what it has now.
///
/// It never decides who writes, it finds out who did: a region that writes keeps writing; else the region that the
/// newest lease anybody saw belonged to. The other region gets the lease afterwards, by a failover with its guards. The
/// epoch is newer than any that anybody knows, so nothing of the old store's counts any more, and the record says whose
/// epoch it continues: that region proves it and goes on (Agent), everybody else has to wait as always.
///
/// `chosen`: a person's word where what is known does not say it alone. Errors: "guard.state-there" (nothing is lost),
/// "guard.two-writers" (wait until one's lease has run out), "guard.two-claims", "guard.no-claim",
/// "guard.silent-region" (a person has to say which), "guard.other-writes", "guard.standby-data" (not even then).
Result<Rebuild> propose_rebuild(
    std::span<const RegionSays> regions,
    std::span<const LeaseSeen> elsewhere,
    const std::optional<LeaseRecord>& in_store,
    const std::optional<RegionName>& chosen
);

}  // namespace cloudshelf::core
