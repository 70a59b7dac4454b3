#include "sim/controller.hpp"

#include "core/procedures.hpp"
#include "sim/faults.hpp"
#include "sim/judge.hpp"
#include "sim/plan_editions.hpp"

#include <charconv>

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration journal_again_after = 500ms;

/// What a step may not be told to do again.
bool is_final(const std::string& code) {
    return code == "stale-epoch" || code == "controller.no-lease" || code == "not-caught-up" ||
           code.starts_with("guard.");
}

bool is_automatic(const core::Execution::Header& header) {
    return header.procedure == "failover" && !header.notes.contains("by-a-person");
}

}  // namespace

Controller::Controller(World& world, std::size_t site)
    : world_(world),
      site_(site),
      process_(world.region(site).controller),
      taker_(world.terms()),
      rules_{.hold_down = world.timing().hold_down, .automatic_moves_max = automatic_moves_max},
      failover_(edition_of(core::reference_failover(), world.plan_edition())),
      failback_(edition_of(core::reference_failback(), world.plan_edition())),
      leadership_(world, site, [this] { return candidate(); }) {
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
    for (std::size_t i = 0; i < 3; ++i) {
        process_.spawn(watch(i));
        if (i != site_) process_.spawn(watch_peer(i));
    }
    process_.spawn(watch_leases());
    process_.spawn(lead());
}

// --- the store -----------------------------------------------------------------------------------------------------

Task<StoreAnswer> Controller::read_store() {
    const auto known = taker_.mark();
    Store::Operation read = [](StoreState& state) {
        return StoreReply{.revision = state.lease.revision, .record = state.lease.record};
    };
    const auto found = co_await world_.store().ask(process_, Store::Kind::look, std::move(read));
    if (!found) co_return StoreAnswer{};
    const bool old_sight = world_.planted(Planted::restarted_taker_counts_old_sight) && !taker_.record();
    taker_.heard(known, found->revision, found->record, old_sight ? process_.now() - 1h : process_.now());
    co_return StoreAnswer{.reached = true, .revision = found->revision, .lease = found->record};
}

Task<> Controller::refresh() {
    [[maybe_unused]] const StoreAnswer answer = co_await read_store();
}

Task<StoreAnswer> Controller::compare_and_swap(std::uint64_t expected, core::LeaseRecord next) {
    const auto known = taker_.mark();
    Store::Operation change = [&world = world_, expected, next](StoreState& state) {
        const bool compares = !world.planted(Planted::store_written_without_comparing);
        const bool stored = state.lease.revision == expected || !compares;
        if (stored) {
            world.judge().lease_changed(state.lease.record, next);
            state.lease = {.revision = state.lease.revision + 1, .record = next};
        }
        return StoreReply{.stored = stored, .revision = state.lease.revision, .record = state.lease.record};
    };
    const auto answer = co_await world_.store().ask(process_, Store::Kind::change, std::move(change));
    if (!answer) co_return StoreAnswer{};
    taker_.heard(known, answer->revision, answer->record, process_.now());
    co_return StoreAnswer{
        .reached = true, .stored = answer->stored, .revision = answer->revision, .lease = answer->record
    };
}

Task<> Controller::watch_leases() {
    for (;;) {
        co_await refresh();
        co_await process_.sleep(world_.terms().beat / 2);
    }
}

// --- watching ------------------------------------------------------------------------------------------------------

Task<> Controller::watch(std::size_t i) {
    const Duration interval = world_.timing().probe_interval;
    for (TimePoint due = process_.now();; due += interval) {
        if (due > process_.now()) co_await process_.sleep(due - process_.now());
        const bool late = process_.now() - due > interval;
        if (late) due = process_.now();
        if (i < 2) process_.spawn(look_at_gateway(i, late));
        process_.spawn(look_at_agent(i, late));
    }
}

bool Controller::slept_since(TimePoint begun) const {
    const Duration usual = world_.timing().probe_timeout + world_.timing().probe_interval;
    return process_.now() - begun > usual;
}

Task<> Controller::look_at_gateway(std::size_t i, bool late) {
    const TimePoint begun = process_.now();
    std::function<Task<int>()> health = []() -> Task<int> { co_return 1; };
    const auto answer = co_await call<int>(
        world_.network(), process_, world_.region(i).server, std::move(health), world_.timing().probe_timeout
    );
    seen_[i].gateway = answer.has_value();
    const core::View view{.answers = seen_[i].gateway || seen_[i].agent, .streams = streams_here_[i]};
    health_[i].saw(World::name_of(site_).value(), view, late || slept_since(begun), process_.now());
}

Task<std::optional<RegionStatus>> Controller::status_of(std::size_t i, Duration limit) {
    std::function<Task<RegionStatus>()> status = [&world = world_, i] { return world.agent(i).status(); };
    auto answer =
        co_await call<RegionStatus>(world_.network(), process_, world_.region(i).agent, std::move(status), limit);
    co_return answer;
}

Task<> Controller::look_at_agent(std::size_t i, bool late) {
    const TimePoint begun = process_.now();
    const auto answer = co_await status_of(i, world_.timing().probe_timeout);
    Seen& seen = seen_[i];
    seen.agent = answer.has_value();
    if (!seen.agent && i == site_) streams_here_ = {};
    if (!answer) co_return;
    seen.status = *answer;
    hear(i, late || slept_since(begun));
}

void Controller::hear(std::size_t i, bool late) {
    Seen& seen = seen_[i];
    const RegionStatus& status = seen.status;
    seen.not_writing_looks = status.role == "fenced" || status.role == "quarantined" ? seen.not_writing_looks + 1 : 0;
    seen.standby_looks = status.role == "standby" ? seen.standby_looks + 1 : 0;
    if (status.role == "standby" && status.streaming) seen.last_standby = status;
    // What another site sees of the regions is a vantage of its own. This one's we see ourselves, all but the stream.
    if (i == site_) streams_here_ = {};
    for (std::size_t region = 0; region < 2; ++region) {
        if (region == i) continue;
        const bool streams = i < 2 && status.streaming && status.role == "standby";
        if (i == site_) {
            streams_here_[region] = streams;
            continue;
        }
        const SiteView& view = status.views[region];
        const core::View seen_there{.answers = view.gateway || view.agent, .streams = streams};
        health_[region].saw(World::name_of(i).value(), seen_there, late, process_.now());
    }
}

bool Controller::store_answers() const {
    const auto heard = leadership_.store_heard();
    return heard && process_.now() - *heard < 2 * core::leader_terms(world_.terms()).beat + 1s;
}

Task<Controller::Peer> Controller::leader_status() {
    co_return Peer{.answers = true, .store = store_answers()};
}

Task<> Controller::watch_peer(std::size_t i) {
    const Duration interval = core::leader_terms(world_.terms()).beat;
    for (;;) {
        std::function<Task<Peer>()> status = [&world = world_, i] { return world.controller(i)->leader_status(); };
        const auto answer =
            co_await call<Peer>(world_.network(), process_, world_.region(i).controller, std::move(status), interval);
        peers_[i] = answer.value_or(Peer{});
        co_await process_.sleep(interval);
    }
}

core::Candidate Controller::candidate() const {
    core::Candidate candidate{.site = World::name_of(site_), .regions = {World::name_of(0), World::name_of(1)}};
    if (const auto& lease = taker_.record()) candidate.writers.insert(lease->region);
    for (std::size_t i = 0; i < 3; ++i) {
        if (i != site_ && peers_[i].answers && peers_[i].store) candidate.alive.insert(World::name_of(i));
    }
    candidate.move_under_way = move_under_way();
    return candidate;
}

// --- leading -------------------------------------------------------------------------------------------------------

std::string Controller::clock_id() const {
    return std::to_string(site_) + "." + std::to_string(world_.region(site_).boots);
}

Task<> Controller::lead() {
    co_await leadership_.win();
    co_await refresh();
    if (!world_.planted(Planted::new_leader_does_not_read_the_journal)) co_await read_journal();
    leadership_.announce();
    resume();
    process_.spawn(decide());
    process_.spawn(reconcile_names());
    process_.spawn(keep_store_near());
    co_await leadership_.keep();
    world_.sometimes("a controller led no more and ended itself");
    world_.restart_controller(site_);
}

/// Until it can be read nothing is begun: who does not know the executions that there were would begin others.
Task<> Controller::read_journal() {
    Store::Operation read = [](StoreState& state) {
        return StoreReply{.revision = state.journal.size(), .journal = state.journal};
    };
    std::optional<StoreReply> found;
    for (;;) {
        Store::Operation again = read;
        found = co_await world_.store().ask(process_, Store::Kind::look, std::move(again));
        if (found) break;
        co_await process_.sleep(500ms);
    }
    journal_length_ = found->revision;
    for (const auto& entry : found->journal) {
        auto execution = core::Execution::from_json(entry.state);
        if (!execution) continue;
        executions_.insert_or_assign(entry.execution, std::move(*execution));
        std::uint64_t number = 0;
        std::from_chars(entry.execution.data() + 1, entry.execution.data() + entry.execution.size(), number);
        next_id_ = std::max(next_id_, number + 1);
    }
}

void Controller::resume() {
    const TimePoint now = process_.now();
    const bool forgets = world_.planted(Planted::flap_guard_forgets);
    for (const auto& [id, execution] : executions_) {
        const auto& notes = execution.header().notes;
        const auto clock = notes.find("clock");
        // The times of another machine's clock, or of before this one's last start, count as now.
        const bool ours = clock != notes.end() && clock->second == clock_id();
        if (is_automatic(execution.header()) && execution.started() && !forgets) automatic_moves_.begun(id);
        if (!execution.ended_at()) continue;
        const TimePoint at = ours ? std::min(*execution.ended_at(), now) : now;
        last_move_ended_ = std::max(last_move_ended_.value_or(TimePoint{}), at);
        automatic_moves_.ended(id, at);
    }
    for (auto& [id, execution] : executions_) {
        if (execution.ended()) continue;
        world_.sometimes("an execution was resumed");
        execution.note("clock", clock_id());
        obey(id, execution.resume(now));
    }
}

Task<> Controller::keep_store_near() {
    for (;;) {
        world_.store().lead_from(site_);
        co_await process_.sleep(1s);
    }
}

bool Controller::move_under_way() const {
    // One whose end is not in the journal yet has not ended for whoever leads next.
    const bool counts = !world_.planted(Planted::an_end_counts_before_it_is_journalled);
    return std::ranges::any_of(executions_, [&](const auto& entry) {
        return !entry.second.ended() || (counts && queue_.contains(entry.first));
    });
}

core::Situation Controller::situation() const {
    const TimePoint now = process_.now();
    core::Situation situation{
        .lease = taker_.record(),
        .move_under_way = move_under_way(),
        .store_forgot = taker_.forgot() && !world_.planted(Planted::store_that_forgot_is_believed),
        .last_move_ended = last_move_ended_
    };
    situation.automatic_moves_in_window = automatic_moves_.count(now, moves_window(world_));
    if (!situation.lease) return situation;
    for (const Seen& seen : seen_) {
        const bool counts = seen.agent && seen.status.known < Epoch(UINT64_MAX) &&
                            !world_.planted(Planted::store_that_forgot_is_believed);
        if (counts) situation.newest_known = std::max(situation.newest_known, seen.status.known);
    }
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
    const Duration interval = std::min<Duration>(world_.timing().probe_interval / 5, 50ms);
    for (;;) {
        co_await process_.sleep(interval);
        std::vector<std::string> ids;
        for (const auto& [id, execution] : executions_) {
            if (!execution.ended()) ids.push_back(id);
        }
        for (const auto& id : ids) {
            const bool waits = executions_.at(id).state() == core::ExecutionState::waiting_for_approval;
            if (waits && core::is_withdrawn(situation())) {
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
            world_.sometimes(now.writer_never_opened ? "a move was taken up again" : "an automatic failover began");
            automatic_moves_.begun(begin("failover", core::Mode::disaster, World::index_of(go->to), ""));
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
        co_await process_.sleep(world_.scaled(500ms));
        const auto record = taker_.record();
        if (!record || record->released || move_under_way()) continue;
        const std::uint64_t epoch = record->epoch.value();
        for (std::size_t site = 0; site < 3; ++site) {
            if (!seen_[site].agent) continue;
            const RegionStatus there = seen_[site].status;
            if (there.names_epoch == epoch && !there.sent_away) continue;
            const std::uint64_t change = there.names_epoch == epoch ? there.names_change + 1 : 1;
            [[maybe_unused]] const std::string done =
                co_await change_names(site, epoch, change, World::index_of(record->region));
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
    notes["clock"] = clock_id();
    auto execution = core::Execution::make(
        {.id = "x" + std::to_string(next_id_++),
         .procedure = procedure,
         .mode = mode,
         .from = record->region,
         .to = World::name_of(to),
         .epoch = Epoch(record->epoch.value() + 1),
         .guard = guard,
         .notes = std::move(notes)},
        core::steps_of(procedure == "failover" ? failover_ : failback_)
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
    if (commands.empty()) return;
    const std::string state = executions_.at(id).to_json();
    const auto [queue, is_new] = queue_.try_emplace(id);
    for (auto& command : commands) {
        const bool saves = std::holds_alternative<core::Save>(command);
        queue->second.push_back({std::move(command), saves ? state : std::string()});
    }
    if (is_new) process_.spawn(drain(id));
}

Task<> Controller::drain(std::string id) {
    auto& queue = queue_.at(id);
    while (!queue.empty()) {
        const Waiting next = queue.front();
        if (std::holds_alternative<core::Save>(next.command)) {
            const bool saved = co_await append(id, next.state);
            if (!saved) {
                world_.sometimes("the journal could not be written");
                co_await process_.sleep(journal_again_after);
                continue;
            }
        } else {
            carry_out(id, next.command);
        }
        queue.pop_front();
    }
    queue_.erase(id);
}

/// In one transaction: where the journal ends as it was known to, and the term is ours.
Task<bool> Controller::append(std::string id, std::string state) {
    for (int tries = 0; tries < 5; ++tries) {
        Store::Operation change =
            [&world = world_, id, state, expected = journal_length_, term = leadership_.term()](StoreState& stored) {
                const bool checks = !world.planted(Planted::journal_takes_entries_of_an_old_term);
                const bool good = stored.journal.size() == expected && (stored.term == term || !checks);
                if (good) {
                    stored.journal.push_back({id, state});
                    world.judge().journalled(*core::Execution::from_json(state), term, stored.term);
                }
                return StoreReply{.stored = good, .revision = stored.journal.size(), .term = stored.term};
            };
        const auto answer = co_await world_.store().ask(process_, Store::Kind::change, std::move(change));
        if (!answer) co_return false;
        journal_length_ = answer->revision;
        if (answer->stored) co_return true;
        if (answer->term != leadership_.term()) {
            world_.sometimes("the journal refused an entry of an old term");
            if (!world_.planted(Planted::journal_takes_entries_of_an_old_term)) co_return false;
        }
    }
    co_return false;
}

void Controller::carry_out(const std::string& id, const core::ExecutionCommand& command) {
    if (const auto* what = std::get_if<core::Perform>(&command); what && is_wanted(id, *what)) {
        process_.spawn(perform(id, *what));
    } else if (std::holds_alternative<core::Finished>(command)) {
        last_move_ended_ = process_.now();
        automatic_moves_.ended(id, process_.now());
        world_.note("execution " + id + " " + core::name(executions_.at(id).state()));
    }
}

bool Controller::is_wanted(const std::string& id, const core::Perform& what) const {
    for (const auto& step : executions_.at(id).steps()) {
        if (step.spec.name != what.step) continue;
        return (step.state == core::StepState::running && step.spec.action == what.action) ||
               (step.state == core::StepState::undoing && step.spec.undo == what.action);
    }
    return false;
}

Task<> Controller::perform(std::string id, core::Perform what) {
    world_.faults().around_step(what.step, id, true);
    co_await process_.sleep(std::max<Duration>(what.delay, 1us));
    if (what.attempt == 1) world_.note("step " + what.step + " of " + id + " begins");
    core::Execution& execution = executions_.at(id);
    const std::string problem = co_await act(what.action, execution, process_.now() + what.limit);
    world_.faults().around_step(what.step, id, false);
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
    if (planned && to == site_ && !candidate().alive.empty()) {
        // The writer is about to be here, where its loss would take the leader along.
        leadership_.let_go();
        return "leader-moves";
    }
    if (!planned && accept == core::AcceptLoss::yes) world_.judge().a_person_accepted_loss();
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
        world_.judge().a_person_accepted_loss();
        world_.sometimes("a person approved");
        tell(id, core::Approved{"operator"});
    }
}

}  // namespace cloudshelf::sim
