#include "sim/judge.hpp"

#include "sim/controller.hpp"
#include "sim/customers.hpp"

#include <fmt/format.h>

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

bool writes(Region& region) {
    return region.database.is_open() && region.server.runs();
}

}  // namespace

Duration liveness_bound(const std::string& profile) {
    return profile == "wan" ? 250s : 25s;
}

// --- writers -------------------------------------------------------------------------------------------------------

void Judge::opened(std::size_t region, bool promoted) {
    const Database& database = world_.region(region).database;
    const std::uint64_t epoch = database.opened_at.value();
    world_.note(fmt::format("server opens in {} at epoch {}", World::name_of(region).value(), epoch));
    if (database.opened_at < learnt_[region] || database.opened_at <= learnt_of_the_other_[region])
        world_.violate("epochs: a server opens at an epoch that its region knew to be over or another's");
    if (promoted) judge_switchover(region);
    if (!keeps_time()) return;
    if (could_not_know(region)) {
        world_.sometimes("a store that forgot woke a writer which could not know better");
    } else if (writes(world_.region(0)) && writes(world_.region(1))) {
        world_.violate("writers: the servers of both regions are open at once");
    }
    // A store that forgot can give an epoch again to who was not there when it was given first.
    if (!keeps_memory()) return;
    if (epoch < newest_epoch_ || (epoch == newest_epoch_ && region != newest_region_))
        world_.violate(fmt::format("epochs: a server opens at epoch {}, which is another's or older", epoch));
    newest_epoch_ = epoch;
    newest_region_ = region;
    if (!promoted) return;
    const auto [known, is_new] = timelines_.try_emplace(database.timeline, region);
    if (!is_new && known->second != region) world_.violate("timelines: two servers began the same timeline");
}

void Judge::learnt(std::size_t region, Epoch epoch, core::Whose whose) {
    learnt_[region] = std::max(learnt_[region], epoch);
    Epoch& others = learnt_of_the_other_[region];
    if (whose == core::Whose::anothers) others = std::max(others, epoch);
}

void Judge::a_person_set_epoch(std::size_t region, Epoch epoch) {
    learnt_[region] = epoch;
    learnt_of_the_other_[region] = Epoch(0);
}

bool Judge::could_not_know(std::size_t region) const {
    return !keeps_memory() && learnt_[region] < world_.region(1 - region).database.opened_at;
}

/// Where the old writer let go of its lease after its last write, the new one has that write: not even what was
/// acknowledged without waiting is lost.
void Judge::judge_switchover(std::size_t region) {
    const Database& database = world_.region(region).database;
    const auto end = ends_of_writers_.find(database.opened_at);
    if (keeps_memory() && end != ends_of_writers_.end() && Lsn(database.log.size()) < end->second)
        world_.violate("loss: the new writer of a switchover opens without the last writes of the old one");
}

void Judge::wrote(std::size_t region) {
    if (!keeps_time() || could_not_know(region)) return;
    const Database& database = world_.region(region).database;
    const Database& other = world_.region(1 - region).database;
    if (writes(world_.region(1 - region)) && other.opened_at > database.opened_at)
        world_.violate("writers: a write was taken by the old writer while the new one is open");
}

void Judge::acknowledged(const Write& write, bool promised) {
    acknowledged_.push_back({write, promised});
}

// --- names ---------------------------------------------------------------------------------------------------------

void Judge::renamed(std::size_t site, const Nameserver& before) {
    const Nameserver& names = world_.region(site).names;
    world_.note(fmt::format(
        "names at {} point to {} ({}.{})",
        World::name_of(site).value(),
        names.points_to ? World::name_of(*names.points_to).value() : "nothing",
        names.epoch,
        names.change
    ));
    if (!names.points_to) world_.violate("names: the last answer of a name was removed");
    if (std::pair(names.epoch, names.change) < std::pair(before.epoch, before.change))
        world_.violate("names: a zone went back to an older version");
}

// --- the control plane ---------------------------------------------------------------------------------------------

void Judge::took_lead(std::size_t site) {
    // Who slept since it took the lease finds that it leads no more before it does anything.
    if (!keeps_time() || !keeps_memory() || !world_.controller(site)->leads()) return;
    for (std::size_t other = 0; other < 3; ++other) {
        if (other == site || !world_.region(other).controller.runs()) continue;
        if (world_.controller(other)->leads()) world_.violate("leaders: two controllers lead at once");
    }
}

void Judge::let_go(std::size_t site) {
    for (const auto& [id, execution] : world_.controller(site)->executions()) {
        if (!execution.ended()) world_.violate("leaders: the lead is let go of in the middle of " + id);
    }
}

void Judge::journalled(const core::Execution& execution, std::uint64_t term, std::uint64_t newest_term) {
    if (!keeps_memory()) return;
    if (term < newest_term) return world_.violate("journal: it took an entry of an old term");
    const auto& header = execution.header();
    const auto [known, is_new] = executions_.try_emplace(header.id, execution.state());
    const bool ended_before =
        known->second == core::ExecutionState::succeeded || known->second == core::ExecutionState::failed;
    if (ended_before && !execution.ended()) world_.violate("executions: " + header.id + " begins again after its end");
    known->second = execution.state();
    if (!is_new) return;
    for (const auto& [id, state] : executions_) {
        const bool ended = state == core::ExecutionState::succeeded || state == core::ExecutionState::failed;
        if (id != header.id && !ended)
            world_.violate("executions: " + header.id + " begins while " + id + " is under way");
    }
    if (header.notes.contains("by-a-person") || !header.guard.empty()) return;
    const TimePoint now = world_.loop().now();
    automatic_moves_.push_back(now);
    // As much less as the fastest clock allowed counts it shorter.
    const Duration window = Controller::moves_window(world_) * 9 / 10;
    std::erase_if(automatic_moves_, [&](TimePoint at) { return now - at > window; });
    if (keeps_time() && automatic_moves_.size() > static_cast<std::size_t>(Controller::automatic_moves_max))
        world_.violate("flapping: more automatic moves in a window than the plan allows");
}

void Judge::lease_changed(const core::LeaseRecord& before, const core::LeaseRecord& after) {
    if (after.epoch < before.epoch) world_.violate("epochs: the store went back to an older epoch");
    if (after.epoch > before.epoch && after.token) ends_of_writers_[after.epoch] = after.token->lsn;
}

// --- the end -------------------------------------------------------------------------------------------------------

/// Whether anything is left that could be promoted, once a person agrees.
bool Judge::could_be_served() const {
    if (!keeps_memory()) return false;
    if (!world_.scenario().stays_lost || *world_.scenario().stays_lost == Place::us_east_2) return true;
    const std::size_t left = *world_.scenario().stays_lost == Place::us_east_1 ? 1 : 0;
    const Database& database = world_.region(left).database;
    return database.exists && !database.torn;
}

void Judge::watch_recovery() {
    const TimePoint now = world_.loop().now();
    if (healed_at_ == TimePoint{}) healed_at_ = not_writable_until_ = now;
    if (!writes(world_.region(world_.writer()))) not_writable_until_ = now;
    world_.loop().after(world_.scaled(50ms), [this] { watch_recovery(); });
}

bool Judge::still_recovers() const {
    const bool served = world_.loop().now() - world_.customers().last_success() < world_.scaled(2s);
    return world_.scenario().stays_lost && could_be_served() && (!served || !writes(world_.region(world_.writer())));
}

void Judge::judge_the_end() {
    if (keeps_memory()) judge_rest();
    if (keeps_memory() && keeps_time()) judge_losses();
    const Scenario& scenario = world_.scenario();
    const bool moved = world_.store().truth().lease.record.epoch > Epoch(1);
    if (moved) world_.sometimes("the writer moved");
    if (scenario.expects(Expectation::nothing_moves) && !executions_.empty())
        world_.violate("false move: nothing was lost");
    if (scenario.expects(Expectation::nobody_is_fenced) && world_.region(0).fences + world_.region(1).fences > 0)
        world_.violate("false fence: nothing was lost");
    if (scenario.expects(Expectation::writer_moves) && !moved)
        world_.violate("expected: the writer should have moved, and did not");
}

void Judge::judge_rest() {
    const auto& lost = world_.scenario().stays_lost;
    const auto is_lost = [&](std::size_t i) { return lost && static_cast<std::size_t>(*lost) == i; };
    if (!could_be_served()) return world_.sometimes("a region was lost for good and the other had no database");
    const Controller* leader = world_.leader();
    if (!leader) return world_.violate("liveness: no controller leads");
    for (const auto& [id, execution] : leader->executions()) {
        if (!execution.ended() && !execution.waits_for_approval())
            return world_.violate("executions: " + id + " neither ended nor waits for a person");
    }
    const core::LeaseRecord& lease = world_.store().truth().lease.record;
    const std::size_t writer = world_.writer();
    const Database& database = world_.region(writer).database;
    if (!database.is_open()) return world_.violate("liveness: nobody writes though everything is healed");
    if (world_.loop().now() - world_.customers().last_success() > world_.scaled(2s))
        return world_.violate("liveness: customers are not served");
    if (!lost && writable_after() > liveness_bound(world_.scenario().profile))
        return world_.violate("liveness: it took longer than the bound until somebody wrote again");
    if (leader->site() == writer) return world_.violate("leaders: the leader stays where the writer is");
    for (std::size_t i = 0; i < 3; ++i) {
        if (!is_lost(i) && world_.region(i).names.points_to != writer)
            return world_.violate("names: " + World::name_of(i).value() + " does not point to the writer");
    }
    if (is_lost(1 - writer)) return world_.sometimes("a region was lost for good");
    if (lost) world_.sometimes("the witness was lost for good");
    const Database& standby = world_.region(1 - writer).database;
    if (!standby.running || !standby.in_recovery) return world_.violate("protection: there is no standby");
    const auto same = [](const Write& a, const Write& b) { return a.id == b.id; };
    const bool copy = standby.log.size() <= database.log.size() &&
                      std::equal(standby.log.begin(), standby.log.end(), database.log.begin(), same);
    if (!copy) return world_.violate("convergence: the standby is not a copy of the writer");
    if (lease.sync != core::Sync::in_step) world_.violate("protection: the standby is not in step");
}

void Judge::judge_losses() {
    const std::size_t writer = world_.writer();
    std::set<std::uint64_t> present;
    for (const Write& write : world_.region(writer).database.log) present.insert(write.id);
    std::uint64_t lost = 0;
    for (const auto& one : acknowledged_) {
        if (present.contains(one.write.id)) continue;
        ++lost;
        if (!one.write.order || loss_accepted_) continue;
        world_.violate(fmt::format(
            "loss: order {}, acknowledged at epoch {} {}, is gone",
            one.write.id,
            one.write.epoch,
            one.promised ? "under the synchronous promise" : "while degraded, and nobody accepted that"
        ));
        break;
    }
    if (lost > 0) world_.sometimes("asynchronous writes were lost");
}

}  // namespace cloudshelf::sim
