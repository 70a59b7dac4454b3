#include "controller/application.hpp"

#include "controller/json_path.hpp"
#include "core/procedures.hpp"
#include "io/background.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/log.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr const char* automatic_reason = "the writer's region is down";

/// A failure in the middle, on purpose, for tests: `CLOUDSHELF_DIE_AT=<step>:<before|after>`, or `everywhere`. Once for
/// each place and execution: a file in the data folder remembers.
void die_if_asked(
    const std::filesystem::path& data, const std::string& execution, const std::string& step, const char* when
) {
    static const char* asked = std::getenv("CLOUDSHELF_DIE_AT");
    if (asked == nullptr || (asked != step + ":" + when && std::string_view(asked) != "everywhere")) return;
    const auto marker = data / fmt::format("died.{}.{}.{}", execution, step, when);
    if (std::filesystem::exists(marker)) return;
    if (io::replace_file(marker, "")) std::_Exit(99);
}

bool is_automatic(const core::Execution::Header& header) {
    return header.procedure == "failover" && header.reason == automatic_reason;
}

}  // namespace

Application::Application(const Services& services, const ApplicationConfig& config, RegionName site, NextId next_id)
    : services_(services),
      config_(config),
      next_id_(std::move(next_id)),
      taker_(config_.terms),
      watch_(services, config_, std::move(site)),
      actions_(services, config_, watch_, taker_),
      queue_(
          services.executor,
          services.store,
          [this](const std::string& id, const auto& command) { carry_out(id, command); }
      ),
      backups_(services, config_) {}

void Application::heard(core::LeaseTaker::Mark asked_at, const store::Entry& lease) {
    taker_.use(watch_.clocks().terms());
    if (const auto record = core::parse_lease(lease.value)) taker_.heard(asked_at, lease.revision, *record, io::now());
}

core::Situation Application::situation() const {
    const TimePoint now = io::now();
    core::Situation situation{
        .lease = taker_.record(),
        .move_under_way = move_under_way(),
        .store_forgot = taker_.forgot(),
        .last_move_ended = last_move_ended_,
        .move_unacknowledged = !unacknowledged_.empty(),
        .clock_drift_ppm = watch_.clocks().drift_ppm(),
    };
    situation.automatic_moves_in_window = automatic_moves_.count(now, config_.moves_window);
    watch_.fill(situation, taker_.may_take(now), now);
    return situation;
}

bool Application::move_under_way() const {
    // One whose end is not in the journal yet has not ended for whoever leads next.
    return std::ranges::any_of(executions_, [&](const auto& entry) {
        return !entry.second.ended() || queue_.holds(entry.first);
    });
}

core::Execution* Application::execution(const std::string& id) {
    const auto found = executions_.find(id);
    return found == executions_.end() ? nullptr : &found->second;
}

// --- leading -------------------------------------------------------------------------------------------------------

void Application::recall(const store::JournalEntry& entry) {
    if (entry.kind == "acknowledgement" && unacknowledged_ == entry.execution) unacknowledged_.clear();
    if (entry.kind != "execution") return;
    // The last entry of an execution is what it is.
    auto execution = core::Execution::from_json(entry.data);
    if (!execution) {
        io::log(
            io::Level::error,
            "controller.execution-unreadable",
            {{"id", entry.execution}, {"why", execution.error().message}}
        );
        return;
    }
    const auto& header = execution->header();
    if (!executions_.contains(entry.execution))
        unacknowledged_ = is_automatic(header) && header.guard.empty() ? entry.execution : std::string();
    executions_.insert_or_assign(entry.execution, std::move(*execution));
}

void Application::lead() {
    resume();
    io::run_in_background(services_.executor, reconcile_dns());
    io::run_in_background(services_.executor, backups_.run());
}

void Application::resume() {
    const TimePoint now = io::now();
    for (const auto& [id, execution] : executions_) {
        const auto& notes = execution.header().notes;
        const auto clock = notes.find("clock");
        // The times of another machine's clock, or of before this one's last start, mean nothing here: they count as
        // now, so that the guard against flapping waits too long rather than too short.
        const bool ours = clock != notes.end() && clock->second == io::read_clocks().id;
        if (is_automatic(execution.header()) && execution.started()) automatic_moves_.begun(id);
        if (!execution.ended_at()) continue;
        const TimePoint at = ours ? std::min(*execution.ended_at(), now) : now;
        last_move_ended_ = std::max(last_move_ended_.value_or(TimePoint{}), at);
        automatic_moves_.ended(id, at);
    }
    for (auto& [id, execution] : executions_) {
        if (execution.ended()) continue;
        io::log(io::Level::warning, "controller.execution-resumed", {{"id", id}});
        execution.note("clock", io::read_clocks().id);
        obey(id, execution.resume(io::now()));
    }
}

void Application::decide() {
    const TimePoint now = io::now();
    for (auto& [id, execution] : executions_) {
        if (execution.ended()) continue;
        // The region came back while a person was asked whether to leave it.
        const bool waits = execution.state() == core::ExecutionState::waiting_for_approval;
        if (waits && core::is_withdrawn(situation())) {
            tell(id, core::Cancelled{"the writer is healthy again"});
        } else {
            tell(id, core::Look{});
        }
    }
    const auto decision = core::decide_failover(situation(), config_.rules, now);
    if (const auto* go = std::get_if<core::Go>(&decision)) {
        begin_alone(go->to, "");
    } else if (const auto* ask = std::get_if<core::Ask>(&decision)) {
        begin_alone(ask->to, ask->code + ": " + ask->why);
    }
}

void Application::begin_alone(RegionName to, const std::string& guard) {
    const auto begun = begin("failover", core::Mode::disaster, std::move(to), automatic_reason, guard, {});
    if (!begun) io::log(io::Level::error, "controller.failover-not-begun", {{"why", begun.error().message}});
}

io::Task<void> Application::reconcile_dns() {
    for (;;) {
        co_await io::wait_for(500ms);
        const auto record = taker_.record();
        if (!record || record->released || move_under_way()) continue;
        const dns::Version wanted{.epoch = record->epoch.value(), .change = 1};
        for (const auto& site : config_.sites) {
            const Watch::Seen& seen = watch_.seen(site.region);
            if (!seen.agent) continue;
            const dns::Version there{
                .epoch = static_cast<std::uint64_t>(number(seen.status, "/dns/epoch")),
                .change = static_cast<std::uint64_t>(number(seen.status, "/dns/change")),
            };
            const bool sent_away = is_true(seen.status, "/dns/sent_away");
            if (there.epoch == wanted.epoch && there.change >= wanted.change && !sent_away) continue;
            // A region that was cut off sent its customers away; whoever serves them now says so once more.
            const bool again = there.epoch == wanted.epoch;
            const dns::Version next{.epoch = wanted.epoch, .change = again ? there.change + 1 : wanted.change};
            const auto done = co_await actions_.change_dns(site.agent, next, record->region, io::Deadline::after(2s));
            io::log(
                done ? io::Level::info : io::Level::warning,
                "controller.dns-reconciled",
                {{"site", site.region.value()},
                 {"version", dns::text(next)},
                 {"result", done ? "done" : done.error().message}}
            );
        }
    }
}

// --- executions ----------------------------------------------------------------------------------------------------

Result<std::string> Application::begin(
    const std::string& procedure,
    core::Mode mode,
    RegionName to,
    const std::string& reason,
    const std::string& guard,
    std::map<std::string, std::string> notes
) {
    const auto record = taker_.record();
    if (!record) return fail("guard.no-lease", "there is no writer yet");
    notes["application"] = config_.name;
    notes["clock"] = io::read_clocks().id;
    const core::Procedure& chosen = procedure == "failover" ? config_.failover : config_.failback;
    auto execution = core::Execution::make(
        {
            .id = next_id_(),
            .procedure = procedure,
            .mode = mode,
            .from = record->region,
            .to = to,
            .epoch = Epoch(record->epoch.value() + 1),
            .reason = reason,
            .guard = guard,
            .notes = std::move(notes),
        },
        core::steps_of(chosen)
    );
    if (!execution) return fail(execution.error());
    const std::string id = execution->header().id;
    const bool alone = reason == automatic_reason && guard.empty();
    unacknowledged_ = alone ? id : std::string();
    if (alone) automatic_moves_.begun(id);
    executions_.emplace(id, std::move(*execution));
    io::log(
        io::Level::warning,
        "controller.execution-begun",
        {{"application", config_.name}, {"id", id}, {"procedure", procedure}, {"to", to.value()}, {"guard", guard}}
    );
    tell(id, core::Begin{});
    return id;
}

void Application::tell(const std::string& id, const core::ExecutionEvent& event) {
    auto& execution = executions_.at(id);
    obey(id, execution.step(event, io::now()));
}

void Application::obey(const std::string& id, std::vector<core::ExecutionCommand> commands) {
    const auto& execution = executions_.at(id);
    queue_.push(id, execution.header().epoch, execution.to_json(), std::move(commands));
}

void Application::carry_out(const std::string& id, const core::ExecutionCommand& command) {
    if (const auto* what = std::get_if<core::Perform>(&command); what && is_wanted(id, *what)) {
        io::run_in_background(services_.executor, perform(id, *what));
    } else if (const auto* finished = std::get_if<core::Finished>(&command)) {
        last_move_ended_ = io::now();
        automatic_moves_.ended(id, io::now());
        io::log(
            finished->succeeded ? io::Level::warning : io::Level::error,
            "controller.execution-ended",
            {{"id", id}, {"state", core::name(executions_.at(id).state())}}
        );
    }
}

/// Not where the step was given up for lateness while the journal could not be written.
bool Application::is_wanted(const std::string& id, const core::Perform& what) const {
    for (const auto& step : executions_.at(id).steps()) {
        if (step.spec.name != what.step) continue;
        return (step.state == core::StepState::running && step.spec.action == what.action) ||
               (step.state == core::StepState::undoing && step.spec.undo == what.action);
    }
    return false;
}

io::Task<void> Application::perform(std::string id, core::Perform what) {
    die_if_asked(services_.data, id, what.step, "before");
    if (what.delay > Duration::zero()) co_await io::wait_for(what.delay);
    core::Execution& execution = executions_.at(id);
    Result<void> done;
    std::string bug;
    try {
        done = co_await actions_.perform(what.action, execution, io::Deadline::after(what.limit));
    } catch (const std::exception& problem) {
        bug = problem.what();
    }
    if (!bug.empty()) done = fail("controller.bug", bug);
    die_if_asked(services_.data, id, what.step, "after");
    if (done) {
        tell(id, core::StepDone{what.step});
    } else {
        io::log(
            io::Level::warning,
            "controller.step-failed",
            {{"id", id},
             {"step", what.step},
             {"attempt", std::to_string(what.attempt)},
             {"code", done.error().code},
             {"why", done.error().message}}
        );
        tell(id, core::StepFailed{what.step, done.error().message, done.error().retryable});
    }
}

// --- what a person asks for ----------------------------------------------------------------------------------------

Result<Application::Permission> Application::allow(const Request& request) const {
    const core::Situation now = situation();
    const bool failover = request.procedure == "failover";
    if (now.lease && !now.writer_never_opened && request.to == now.lease->region)
        return fail("guard.already-there", fmt::format("{} is the writer already", now.lease->region.value()));
    if (!failover && now.lease && !request.to && now.lease->region == config_.home)
        return fail("guard.already-there", fmt::format("{} is home, and the writer", config_.home.value()));
    const auto decision = failover ? core::allow_failover(now, config_.rules, request.accept)
                                   : core::allow_switchover(now, config_.rules);
    if (const auto* stay = std::get_if<core::Stay>(&decision)) return fail(stay->code, stay->why);
    // A failover of a writer that lives loses less as a switchover; it is one as long as both are healthy.
    const bool planned = !failover || (now.writer == core::Verdict::healthy && now.lease->sync == core::Sync::in_step);
    return Permission{
        .to = std::get<core::Go>(decision).to, .mode = planned ? core::Mode::planned : core::Mode::disaster
    };
}

io::Task<Result<std::string>> Application::start(Request request, Permission permission) {
    std::map<std::string, std::string> notes{{"by-a-person", "yes"}};
    if (request.accept == core::AcceptLoss::yes) notes["accepts-loss"] = "yes";
    const bool planned = permission.mode == core::Mode::planned;
    auto begun =
        begin(planned ? "failback" : "failover", permission.mode, permission.to, request.reason, "", std::move(notes));
    if (begun) co_await queue_.drained(*begun, io::Deadline::after(2s));
    co_return begun;
}

io::Task<void> Application::approve(std::string id, std::string by) {
    tell(id, core::Approved{by});
    co_await queue_.drained(id, io::Deadline::after(2s));
}

io::Task<Result<void>> Application::acknowledge(std::string id, std::string by) {
    const Epoch epoch = executions_.at(id).header().epoch;
    const std::string data = json::serialize(json::object{{"by", by}});
    const auto noted = co_await services_.store.append(epoch.value(), id, "acknowledgement", data);
    if (!noted) co_return fail(noted.error());
    if (unacknowledged_ == id) unacknowledged_.clear();
    co_return Result<void>{};
}

io::Task<bool> Application::convert(std::string id, core::Mode mode) {
    if (!executions_.at(id).convert(mode)) co_return false;
    obey(id, {core::Save{}});
    co_await queue_.drained(id, io::Deadline::after(2s));
    co_return true;
}

json::object Application::status() const {
    const TimePoint now = io::now();
    json::array moves;
    for (const auto& [id, execution] : executions_) {
        moves.push_back(
            {{"id", id},
             {"procedure", execution.header().procedure},
             {"state", core::name(execution.state())},
             {"from", execution.header().from.value()},
             {"to", execution.header().to.value()},
             {"waits_for_approval", execution.waits_for_approval()},
             {"guard", execution.header().guard}}
        );
    }
    json::object status{
        {"application", config_.name},
        {"regions", watch_.status(now)},
        {"executions", std::move(moves)},
        {"clock", clocks::own_clock()},
        {"clocks", watch_.clocks().status()},
    };
    if (!unacknowledged_.empty()) status["to_acknowledge"] = unacknowledged_;
    if (const auto& record = taker_.record()) status["lease"] = json::parse(core::to_json(*record));
    const auto decision = core::decide_failover(situation(), config_.rules, now);
    if (const auto* stay = std::get_if<core::Stay>(&decision))
        status["automatic_failover"] = stay->code + ": " + stay->why;
    return status;
}

}  // namespace cloudshelf::controller
