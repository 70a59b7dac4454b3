#include "core/move_policy.hpp"

#include "core/lease.hpp"

#include <fmt/format.h>

namespace cloudshelf::core {
namespace {

bool forgot(const Situation& situation) {
    return situation.store_forgot || (situation.lease && situation.newest_known > situation.lease->epoch);
}

std::optional<Stay> impossible(const Situation& situation) {
    if (!situation.lease) return Stay{"guard.no-lease", "there is no writer yet"};
    if (forgot(situation)) {
        return Stay{
            "guard.store-forgot", "the state store knows an older epoch than was seen before: a person has to look"
        };
    }
    if (situation.move_under_way) return Stay{"guard.move-under-way", "another move is under way"};
    if (!situation.standby.reachable) {
        return Stay{"guard.region-down", fmt::format("{} does not answer", situation.standby_region.value())};
    }
    if (!situation.standby.has_data) {
        return Stay{"guard.no-standby", fmt::format("{} has no database to promote", situation.standby_region.value())};
    }
    return std::nullopt;
}

/// What a failover may lose, in words; empty when nothing beyond the promise.
std::optional<Ask> possible_loss(const Situation& situation, const MoveRules& rules) {
    const StandbyState& standby = situation.standby;
    if (!standby.follows) {
        return Ask{
            situation.standby_region,
            "guard.standby-not-following",
            fmt::format("{} does not follow the writer: what it has may be old", situation.standby_region.value()),
        };
    }
    if (standby.lag_bytes > rules.lag_bytes_max || standby.lag_seconds > rules.lag_seconds_max) {
        return Ask{
            situation.standby_region,
            "guard.standby-behind",
            fmt::format(
                "{} is {} bytes and {:.1f} s behind: what was written since would be lost",
                situation.standby_region.value(),
                standby.lag_bytes,
                standby.lag_seconds
            ),
        };
    }
    if (situation.lease->sync == Sync::degraded) {
        return Ask{
            situation.standby_region,
            "guard.sync-degraded",
            "orders and payments were acknowledged without the standby: some may be lost",
        };
    }
    return std::nullopt;
}

/// What keeps any automatic move from beginning now; Stay or Ask.
std::optional<Decision> restraint(
    const Situation& situation, const MoveRules& rules, const RegionName& to, TimePoint now
) {
    if (situation.last_move_ended && now < *situation.last_move_ended + rules.hold_down) {
        return Stay{"guard.hold-down", "a move has just ended"};
    }
    if (rules.decided_by == DecidedBy::confirm) return Ask{to, "guard.confirm", "the plan wants a person to decide"};
    if (situation.automatic_moves_in_window >= rules.automatic_moves_max) {
        return Ask{to, "guard.too-many-moves", "too many automatic moves in this window"};
    }
    // Up to the ceiling deadlines were tightened by as much; from there on no wait proves anything.
    if (situation.clock_drift_ppm > clock_drift_ppm_ceiling) {
        return Ask{
            to,
            "guard.clocks",
            fmt::format(
                "a site's clock differs by {:.0f} ppm: that the old writer's lease ran out here does not prove that it "
                "stopped",
                situation.clock_drift_ppm
            ),
        };
    }
    return std::nullopt;
}

/// Nobody writes, and the region that the lease names can: because the move that gave it the lease ended in the middle,
/// because it let go of the lease and nobody took it, or because it was fenced and there is nowhere to go. Whatever was
/// to be weighed was weighed before; it has all that was acknowledged, and opens at a new epoch.
std::optional<Decision> open_where_it_was(const Situation& situation) {
    if (!situation.lease || forgot(situation) || situation.move_under_way || !situation.writer_could_open)
        return std::nullopt;
    const bool nowhere_to_go = situation.writer_gave_up && impossible(situation);
    if (!situation.writer_never_opened && !situation.lease->released && !nowhere_to_go) return std::nullopt;
    return Go{situation.lease->region};
}

}  // namespace

Decision decide_failover(const Situation& situation, const MoveRules& rules, TimePoint now) {
    if (auto opens = open_where_it_was(situation)) {
        const auto restrained = restraint(situation, rules, situation.lease->region, now);
        return restrained ? *restrained : *opens;
    }
    // Let go of in a switchover that ended there: the other region has everything, too.
    const bool let_go = situation.lease && situation.lease->released && !situation.move_under_way;
    if (situation.writer != Verdict::down && !situation.writer_gave_up && !let_go)
        return Stay{"writer-not-down", name(situation.writer)};
    if (auto stay = impossible(situation)) return *stay;
    if (auto restrained = restraint(situation, rules, situation.standby_region, now)) return *restrained;
    if (rules.acknowledge_before_next && situation.move_unacknowledged) {
        return Ask{
            situation.standby_region,
            "guard.not-acknowledged",
            "nobody has acknowledged the last automatic move: `cloudshelf acknowledge` does",
        };
    }
    if (auto ask = possible_loss(situation, rules)) return *ask;
    return Go{situation.standby_region};
}

bool is_withdrawn(const Situation& situation) {
    return situation.writer == Verdict::healthy && !situation.writer_gave_up && !situation.writer_never_opened;
}

std::optional<Stay> may_not_take(const LeaseRecord& old, const RegionName& to, AcceptLoss accept) {
    if (old.released || old.region == to || old.sync != Sync::degraded || accept == AcceptLoss::yes)
        return std::nullopt;
    return Stay{"guard.sync-degraded", "orders and payments were acknowledged without the standby since this began"};
}

Decision allow_failover(const Situation& situation, const MoveRules& rules, AcceptLoss accept) {
    if (auto opens = open_where_it_was(situation)) return *opens;
    if (auto stay = impossible(situation)) return *stay;
    if (accept == AcceptLoss::no) {
        if (auto ask = possible_loss(situation, rules)) return Stay{ask->code, ask->why + "; --accept-loss goes on"};
    }
    return Go{situation.standby_region};
}

Decision allow_switchover(const Situation& situation, const MoveRules&) {
    if (auto stay = impossible(situation)) return *stay;
    if (situation.writer == Verdict::down || situation.writer == Verdict::unknown) {
        return Stay{"guard.writer-not-healthy", "a switchover needs both regions; the writer is not healthy"};
    }
    if (situation.lease->sync != Sync::in_step || !situation.standby.follows) {
        return Stay{
            "guard.not-caught-up",
            fmt::format(
                "{} has not caught up: the lease says {}", situation.standby_region.value(), name(situation.lease->sync)
            ),
        };
    }
    return Go{situation.standby_region};
}

}  // namespace cloudshelf::core
