#include "sim/controller.hpp"

#include "core/procedures.hpp"

#include <charconv>

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

/// What a step may be told to do again.
bool is_final(const std::string& code) {
    return code == "stale-epoch" || code == "controller.no-lease" || code == "not-caught-up" ||
           code.starts_with("guard.");
}

}  // namespace

Controller::Controller(World& world)
    : world_(world), process_(world.controller_process()), taker_(world.terms()), rules_{.hold_down = 600ms} {
    const core::Timing& timing = world.timing();
    for (std::size_t i = 0; i < 2; ++i) {
        health_.emplace_back(core::RegionHealth::Options{
            .failure_threshold = timing.failure_threshold,
            .quorum = 2,
            .view_age_max = timing.probe_interval * 2 + timing.probe_timeout + 200ms,
        });
    }
}

void Controller::start() {
    const StateStore& disk = world_.store();
    // A first sight is now, however old the record is.
    const bool old_sight = world_.planted(Planted::restarted_taker_counts_old_sight);
    taker_.saw(disk.revision, disk.lease, old_sight ? process_.now() - 1h : process_.now());
    for (const auto& [id, saved] : disk.executions) {
        auto execution = core::Execution::from_json(saved);
        if (!execution) continue;
        std::uint64_t number = 0;
        std::from_chars(id.data() + 1, id.data() + id.size(), number);
        next_id_ = std::max(next_id_, number + 1);
        if (execution->ended_at())
            last_move_ended_ = std::max(last_move_ended_.value_or(TimePoint{}), *execution->ended_at());
        executions_.emplace(id, std::move(*execution));
    }
    for (auto& [id, execution] : executions_) {
        if (execution.ended()) continue;
        world_.sometimes("an execution was resumed");
        obey(id, execution.resume(process_.now()));
    }
    for (std::size_t i = 0; i < 2; ++i) process_.spawn(watch(i));
    process_.spawn(decide());
    process_.spawn(reconcile_names());
}

// --- the store -----------------------------------------------------------------------------------------------------

Task<StoreAnswer> Controller::read_store() {
    const StateStore& disk = world_.store();
    co_return StoreAnswer{.revision = disk.revision, .lease = disk.lease};
}

Task<StoreAnswer> Controller::compare_and_swap(std::uint64_t expected, core::LeaseRecord next) {
    StateStore& disk = world_.store();
    if (disk.full) {
        co_await process_.sleep(10s);  // answers too late to be of use
        co_return StoreAnswer{.revision = disk.revision, .lease = disk.lease};
    }
    const bool compares = !world_.planted(Planted::store_written_without_comparing);
    const bool stored = disk.revision == expected || !compares;
    if (stored) {
        if (next.epoch < disk.lease.epoch) world_.violate("epochs: the store went back to an older epoch");
        disk.lease = next;
        ++disk.revision;
    }
    taker_.saw(disk.revision, disk.lease, process_.now());
    co_return StoreAnswer{.stored = stored, .revision = disk.revision, .lease = disk.lease};
}

// --- watching ------------------------------------------------------------------------------------------------------

Task<> Controller::watch(std::size_t i) {
    const Duration interval = world_.timing().probe_interval;
    for (TimePoint due = process_.now();; due += interval) {
        if (due > process_.now()) co_await process_.sleep(due - process_.now());
        const bool late = process_.now() - due > interval;
        if (late) due = process_.now();
        process_.spawn(look_at_gateway(i, late));
        process_.spawn(look_at_agent(i, late));
    }
}

bool Controller::slept_since(TimePoint begun) const {
    const Duration usual = world_.timing().probe_timeout + world_.timing().probe_interval;
    return process_.now() - begun > usual;
}

Task<> Controller::look_at_gateway(std::size_t i, bool late) {
    const TimePoint begun = process_.now();
    const auto answer = co_await call<int>(
        world_.network(),
        process_,
        world_.region(i).server,
        []() -> Task<int> { co_return 1; },
        world_.timing().probe_timeout
    );
    seen_[i].gateway = answer.has_value();
    health_[i].saw(
        "controller", {.answers = seen_[i].gateway || seen_[i].agent}, late || slept_since(begun), process_.now()
    );
}

Task<std::optional<RegionStatus>> Controller::status_of(std::size_t i, Duration limit) {
    auto answer = co_await call<RegionStatus>(
        world_.network(),
        process_,
        world_.region(i).agent,
        [&world = world_, i] { return world.agent(i).status(); },
        limit
    );
    co_return answer;
}

Task<> Controller::look_at_agent(std::size_t i, bool late) {
    const TimePoint begun = process_.now();
    const auto answer = co_await status_of(i, world_.timing().probe_timeout);
    Seen& seen = seen_[i];
    seen.agent = answer.has_value();
    if (!answer) co_return;
    seen.status = *answer;
    seen.not_writing_looks = answer->role == "fenced" || answer->role == "quarantined" ? seen.not_writing_looks + 1 : 0;
    seen.standby_looks = answer->role == "standby" ? seen.standby_looks + 1 : 0;
    if (answer->role == "standby" && answer->streaming) seen.last_standby = *answer;
    const core::View view{.answers = answer->sees_peer, .streams = answer->streaming && answer->role == "standby"};
    health_[1 - i].saw(World::name_of(i).value(), view, late || slept_since(begun), process_.now());
}

core::Situation Controller::situation() const {
    const TimePoint now = process_.now();
    core::Situation situation{
        .lease = taker_.record(), .store_forgot = taker_.forgot(), .last_move_ended = last_move_ended_
    };
    for (const auto& [id, execution] : executions_) situation.move_under_way |= !execution.ended();
    for (const auto& at : automatic_moves_) situation.automatic_moves_in_window += now - at < 10s ? 1 : 0;
    if (!situation.lease) return situation;
    const std::size_t writer = World::index_of(situation.lease->region);
    situation.writer = health_[writer].verdict(now);
    const bool idle = !situation.lease->released && taker_.may_take(now) && seen_[writer].agent;
    const int enough = 3 * world_.timing().failure_threshold;
    situation.writer_gave_up = idle && seen_[writer].not_writing_looks >= enough;
    situation.writer_never_opened = idle && seen_[writer].standby_looks >= enough;
    situation.writer_could_open = seen_[writer].agent && seen_[writer].status.has_data;
    const Seen& other = seen_[1 - writer];
    situation.standby_region = World::name_of(1 - writer);
    situation.standby = {
        .reachable = other.agent,
        .has_data = other.status.has_data,
        .follows = other.status.in_recovery || world_.planted(Planted::old_standby_is_promoted_unasked),
        .lag_bytes = other.last_standby.lag,
    };
    if (world_.planted(Planted::loss_guard_ignored) || world_.planted(Planted::old_standby_is_promoted_unasked))
        situation.lease->sync = core::Sync::in_step;
    return situation;
}

Task<> Controller::decide() {
    for (;;) {
        co_await process_.sleep(20ms);
        if (!world_.store().full) {
            for (auto& [id, commands] : std::exchange(postponed_, {})) obey(id, std::move(commands));
        }
        std::vector<std::string> ids;
        for (const auto& [id, execution] : executions_) {
            if (!execution.ended()) ids.push_back(id);
        }
        for (const auto& id : ids) {
            const bool waits = executions_.at(id).state() == core::ExecutionState::waiting_for_approval;
            const core::Situation now = situation();
            if (waits && core::is_withdrawn(now)) {
                world_.sometimes("a question was withdrawn");
                tell(id, core::Cancelled{"the writer is healthy again"});
            } else {
                tell(id, core::Look{});
            }
        }
        const core::Situation now = situation();
        world_.transition(std::string("verdict.") + core::name(now.writer));
        const auto decision = core::decide_failover(now, rules_, process_.now());
        if (const auto* go = std::get_if<core::Go>(&decision)) {
            automatic_moves_.push_back(process_.now());
            world_.sometimes(now.writer_never_opened ? "a move was taken up again" : "an automatic failover began");
            begin("failover", core::Mode::disaster, World::index_of(go->to), "");
        } else if (const auto* ask = std::get_if<core::Ask>(&decision)) {
            world_.sometimes("asked a person: " + ask->code);
            begin("failover", core::Mode::disaster, World::index_of(ask->to), ask->code);
        } else {
            world_.transition("stay." + std::get<core::Stay>(decision).code);
        }
    }
}

Task<> Controller::reconcile_names() {
    for (;;) {
        co_await process_.sleep(500ms);
        const auto record = taker_.record();
        if (!record || record->released || situation().move_under_way) continue;
        const std::size_t serving = World::index_of(record->region);
        for (std::size_t site = 0; site < 3; ++site) {
            Nameserver there = world_.region(2).names;
            bool sent_away = false;
            if (site < 2) {
                if (!seen_[site].agent) continue;
                const RegionStatus& status = seen_[site].status;
                there.epoch = status.names_epoch;
                there.change = status.names_change;
                sent_away = status.sent_away;
            }
            if (there.epoch == record->epoch.value() && !sent_away) continue;
            const bool again = there.epoch == record->epoch.value();
            const std::uint64_t change = again ? there.change + 1 : 1;
            [[maybe_unused]] const bool done = co_await change_names(site, record->epoch.value(), change, serving);
        }
    }
}

// --- executions ----------------------------------------------------------------------------------------------------

std::string Controller::begin(
    const std::string& procedure,
    core::Mode mode,
    std::size_t to,
    const std::string& guard,
    std::map<std::string, std::string> notes
) {
    const auto record = taker_.record();
    if (!record) return "guard.no-lease";
    const core::Procedure chosen = procedure == "failover" ? core::reference_failover() : core::reference_failback();
    auto execution = core::Execution::make(
        {.id = "x" + std::to_string(next_id_++),
         .procedure = procedure,
         .mode = mode,
         .from = record->region,
         .to = World::name_of(to),
         .epoch = Epoch(record->epoch.value() + 1),
         .guard = guard,
         .notes = std::move(notes)},
        core::steps_of(chosen)
    );
    const std::string id = execution->header().id;
    world_.note("execution " + id + " " + procedure + " to " + World::name_of(to).value() + " " + guard);
    executions_.emplace(id, std::move(*execution));
    tell(id, core::Begin{});
    return id;
}

void Controller::tell(const std::string& id, const core::ExecutionEvent& event) {
    auto& execution = executions_.at(id);
    obey(id, execution.step(event, process_.now()));
    for (const auto& step : execution.steps()) {
        if (step.state != core::StepState::waiting)
            world_.transition("step." + step.spec.name + "." + core::name(step.state));
    }
    world_.transition(std::string("execution.") + core::name(execution.state()));
}

void Controller::obey(const std::string& id, std::vector<core::ExecutionCommand> commands) {
    if (const auto waiting = postponed_.find(id); waiting != postponed_.end()) {
        waiting->second.insert(waiting->second.end(), commands.begin(), commands.end());
        return;
    }
    core::Execution& execution = executions_.at(id);
    for (std::size_t i = 0; i < commands.size(); ++i) {
        const auto& command = commands[i];
        if (std::holds_alternative<core::Save>(command)) {
            if (world_.store().full) {
                world_.sometimes("the journal could not be written");
                postponed_[id].assign(commands.begin() + static_cast<std::ptrdiff_t>(i), commands.end());
                return;
            }
            world_.store().executions[id] = execution.to_json();
        } else if (const auto* what = std::get_if<core::Perform>(&command)) {
            process_.spawn(perform(id, *what));
        } else if (std::holds_alternative<core::Finished>(command)) {
            last_move_ended_ = process_.now();
            world_.note("execution " + id + " " + core::name(execution.state()));
        }
    }
}

Task<> Controller::perform(std::string id, core::Perform what) {
    // The worst moments to die are right before and right after a step.
    const auto dies = [&] {
        if (world_.scenario().kind != Scenario::Kind::rough || world_.healed() || world_.random().below(40) != 0)
            return;
        world_.loop().after(0ns, [&world = world_] {
            world.sometimes("the controller died at a step");
            world.kill_controller();
            world.loop().after(300ms, [&world] { world.start_controller(); });
        });
    };
    dies();
    co_await process_.sleep(std::max<Duration>(what.delay, 1us));
    if (what.attempt == 1) world_.note("step " + what.step + " of " + id + " begins");
    core::Execution& execution = executions_.at(id);
    const std::string problem = co_await act(what.action, execution, process_.now() + what.limit);
    dies();
    co_await process_.sleep(1us);
    if (problem.empty()) {
        tell(id, core::StepDone{what.step});
    } else {
        world_.note("step " + what.step + " of " + id + ": " + problem);
        tell(id, core::StepFailed{what.step, problem, !is_final(problem)});
    }
}

std::string Controller::ask_for(const std::string& procedure, core::AcceptLoss accept) {
    const core::Situation now = situation();
    const bool failover = procedure == "failover";
    const auto decision = failover ? core::allow_failover(now, rules_, accept) : core::allow_switchover(now, rules_);
    if (const auto* stay = std::get_if<core::Stay>(&decision)) return stay->code;
    const std::size_t to = World::index_of(std::get<core::Go>(decision).to);
    const bool planned = !failover || (now.writer == core::Verdict::healthy && now.lease->sync == core::Sync::in_step);
    if (!planned && accept == core::AcceptLoss::yes) world_.a_person_accepted_loss();
    world_.sometimes(planned ? "a switchover began" : "a person's failover began");
    std::map<std::string, std::string> notes{{"by-a-person", "yes"}};
    if (accept == core::AcceptLoss::yes) notes["accepts-loss"] = "yes";
    return begin(
        planned ? "failback" : "failover",
        planned ? core::Mode::planned : core::Mode::disaster,
        to,
        "",
        std::move(notes)
    );
}

void Controller::approve_all() {
    std::vector<std::string> ids;
    for (const auto& [id, execution] : executions_) {
        if (execution.waits_for_approval()) ids.push_back(id);
    }
    for (const auto& id : ids) {
        world_.a_person_accepted_loss();
        world_.sometimes("a person approved");
        tell(id, core::Approved{"operator"});
    }
}

}  // namespace cloudshelf::sim
