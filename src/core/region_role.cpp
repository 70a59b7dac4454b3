#include "core/region_role.hpp"

namespace cloudshelf::core {

NextMove next_move(const RegionName& self, const std::optional<LeaseRecord>& lease, const LocalState& local) {
    const bool could_write = local.has_data && !local.is_standby;
    // Without a view of the store nothing begins; what holds a lease lives by its deadline.
    if (!lease) return local.has_data && local.is_standby && !local.is_running ? NextMove::follow : NextMove::wait;
    if (lease->epoch < local.known) return NextMove::distrust;
    if (lease->region == self) {
        if (local.holds_lease) return NextMove::nothing;
        if (lease->released || local.gave_up) return NextMove::wait;
        if (!local.has_data)
            return lease->epoch == Epoch(1) && local.known <= Epoch(1) ? NextMove::initialize : NextMove::wait;
        if (could_write && (lease->epoch == local.known || lease->continues == local.known)) return NextMove::resume;
        if (could_write && local.is_running) return NextMove::stop_writing;
        if (local.is_standby && !local.is_running) return NextMove::follow;
        return NextMove::wait;  // the promotion will come, with its fence record
    }
    if (local.holds_lease) return NextMove::stop_writing;
    if (could_write && local.is_running) return NextMove::stop_writing;
    if (!local.has_data || could_write) return lease->released ? NextMove::wait : NextMove::rejoin;
    return local.is_running ? NextMove::nothing : NextMove::follow;
}

bool sends_customers_away(
    const RegionName& self,
    const std::optional<LeaseRecord>& lease,
    bool holds_lease,
    Duration store_silence,
    const LeaseTerms& terms
) {
    if (!lease || lease->region != self || lease->released || holds_lease) return false;
    // Out of step, the other region is promoted by a person only, who can see to the names as well.
    if (lease->sync != Sync::in_step) return false;
    return store_silence > 2 * terms.taker();
}

ServerCare server_care(Duration unanswered, bool process_runs, int failed_starts) {
    using namespace std::chrono_literals;
    constexpr int starts_max = 3;
    // Crash recovery answers nothing while it runs, and is usually done within seconds.
    constexpr Duration patience = 15s;
    constexpr Duration certain_after = 250ms;
    if (failed_starts >= starts_max || unanswered > patience) return ServerCare::give_up;
    return !process_runs && unanswered >= certain_after ? ServerCare::start : ServerCare::nothing;
}

const char* name(NextMove move) {
    switch (move) {
        case NextMove::nothing:
            return "nothing";
        case NextMove::wait:
            return "wait";
        case NextMove::distrust:
            return "distrust";
        case NextMove::initialize:
            return "initialize";
        case NextMove::resume:
            return "resume";
        case NextMove::follow:
            return "follow";
        case NextMove::rejoin:
            return "rejoin";
        case NextMove::stop_writing:
            return "stop-writing";
    }
    return "?";
}

}  // namespace cloudshelf::core
