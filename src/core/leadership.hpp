#pragma once

#include "core/lease.hpp"

#include <optional>
#include <set>

namespace cloudshelf::core {

/// What a controller knows when it asks itself whether it should lead. The leader's lease is a lease like a writer's
/// (LeaseHolder, LeaseTaker): its region is the leader's site, its epoch the term.
struct Candidate {
    RegionName site;               // where this controller runs
    std::set<RegionName> regions;  // sites where some application may write
    std::set<RegionName> writers;  // those where one writes now, or is about to
    std::set<RegionName> alive;    // other sites whose controllers answer
    bool move_under_way = false;   // some execution has not ended
};

/// How fit a site is to lead, 0 best: no writer can ever be there; none is; one is, and would be lost with its leader.
int unfitness(const Candidate& candidate, const RegionName& site);

/// When this controller may take the lead if nothing changes until then; nothing: not as long as the store forgets.
///
/// The fitter a site, the sooner; so the fittest that lives wins, and nobody has to agree on who that is. A site whose
/// own lease it was has nothing to wait for: the process that held it is gone, which the caller's lock on its data
/// proves. `free_since`: since when this controller sees that there is no leader's lease at all.
std::optional<TimePoint> may_lead_at(
    const Candidate& candidate, const LeaseTaker& lease, const LeaseTerms& terms, TimePoint free_since
);

/// Whether the leader lets go, for a fitter site that lives: never in the middle of a move, and not before it has led
/// for so long that the others cannot be about to do the same (`led_since`).
bool hands_over(const Candidate& leader, const LeaseTerms& terms, TimePoint led_since, TimePoint now);

/// The leader's lease for a writer's: longer, because a change of leader has to wait for the store's own election, and
/// no customer waits for it.
LeaseTerms leader_terms(const LeaseTerms& writer);

}  // namespace cloudshelf::core
