#include "controller/controller.hpp"

#include "base/digest.hpp"
#include "base/random.hpp"
#include "core/procedures.hpp"
#include "io/background.hpp"
#include "io/file.hpp"
#include "io/log.hpp"
#include "io/signals.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr const char* automatic_reason = "the writer's region is down";

const json::value* find(const json::value& value, const char* pointer) {
    boost::system::error_code none;
    return value.find_pointer(pointer, none);
}
bool is_true(const json::value& value, const char* pointer) {
    const auto* found = find(value, pointer);
    return found && found->is_bool() && found->as_bool();
}
double number(const json::value& value, const char* pointer) {
    const auto* found = find(value, pointer);
    return found && found->is_number() ? found->to_number<double>() : 0;
}
std::string text(const json::value& value, const char* pointer) {
    const auto* found = find(value, pointer);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

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

/// A share of the probes is lost, on purpose: for the soak (`CLOUDSHELF_DROP_PROBES=0.01`).
bool lost_on_purpose() {
    static const char* share = std::getenv("CLOUDSHELF_DROP_PROBES");
    static const double wanted = share == nullptr ? 0 : std::strtod(share, nullptr);
    static Random random(static_cast<std::uint64_t>(io::now().time_since_epoch().count()));
    return wanted > 0 && random.unit() < wanted;
}

}  // namespace

Controller::Controller(io::Executor executor, ControllerConfig config, std::unique_ptr<store::Store> store)
    : executor_(executor),
      config_(std::move(config)),
      store_(std::move(store)),
      client_(executor, config_.calls()),
      gateways_(executor),
      clocks_(config_.terms),
      taker_(config_.terms),
      actions_(executor, config_, *store_, taker_),
      queue_(executor, *store_, [this](const std::string& id, const auto& command) { carry_out(id, command); }) {
    for (const auto& site : config_.sites) {
        if (site.witness) continue;
        health_.emplace(
            site.region,
            core::RegionHealth({
                .failure_threshold = config_.failure_threshold,
                .quorum = 2,
                .view_age_max = config_.probe_interval * 2 + config_.probe_timeout + 200ms,
            })
        );
        seen_[site.region];
    }
}

std::string Controller::lease_key() const {
    return fmt::format("app/{}/lease", config_.application);
}

io::Task<int> Controller::run() {
    co_await read_store();
    resume();
    io::HttpServer server(
        executor_,
        {.listen = config_.listen, .body_bytes_max = 256 << 10, .tls = config_.tls},
        [this](io::HttpRequest request) { return answer(std::move(request)); }
    );
    if (const auto started = server.start(); !started) {
        io::log(io::Level::error, "controller.start-failed", {{"why", started.error().message}});
        co_return 73;
    }
    for (const auto& site : config_.sites) {
        io::run_in_background(executor_, watch(site));
    }
    io::run_in_background(executor_, decide());
    io::run_in_background(executor_, reconcile_dns());
    io::log(io::Level::info, "controller.started", {{"listen", config_.listen.text()}});
    co_await io::asked_to_end();
    const auto grace = io::Deadline::after(1s);
    co_await server.stop(grace);
    co_return 0;
}

// --- watching ------------------------------------------------------------------------------------------------------

io::Task<void> Controller::watch(SiteConfig site) {
    // At fixed times, whether or not the look before has its answer: a black hole must not slow detection down.
    for (TimePoint due = io::now();; due += config_.probe_interval) {
        co_await io::wait_for(std::max<Duration>(Duration::zero(), due - io::now()));
        // Who asks late is itself late: the loop was busy or paused, and what it missed is not the region's fault.
        const bool late = io::now() - due > config_.probe_interval;
        if (late) due = io::now();
        if (!site.witness) io::run_in_background(executor_, look_at_gateway(site, late));
        io::run_in_background(executor_, look_at_agent(site, late));
    }
}

bool Controller::slept_since(TimePoint begun) const {
    return io::now() - begun > config_.probe_timeout + config_.probe_interval;
}

io::Task<void> Controller::look_at_gateway(SiteConfig site, bool late) {
    const TimePoint begun = io::now();
    io::HttpRequest request{.target = "/health"};
    const auto answer =
        co_await gateways_.send(site.gateway, std::move(request), io::Deadline(begun + config_.probe_timeout));
    Seen& seen = seen_[site.region];
    seen.gateway = answer && answer->status == 200 && !lost_on_purpose();
    ++probes_;
    health_.at(site.region)
        .saw(
            "controller",
            {.answers = seen.gateway || seen.agent, .streams = false},
            late || slept_since(begun),
            io::now()
        );
}

io::Task<void> Controller::look_at_agent(SiteConfig site, bool late) {
    const TimePoint begun = io::now();
    io::HttpRequest request{.target = "/v1/status", .headers = {{"Authorization", "Bearer " + config_.site_token}}};
    const auto answer =
        co_await client_.send(site.agent, std::move(request), io::Deadline(begun + config_.probe_timeout));
    Seen& seen = seen_[site.region];
    seen.agent = answer && answer->status == 200 && !lost_on_purpose();
    if (!seen.agent) co_return;
    boost::system::error_code bad;
    json::value status = json::parse(answer->body, bad);
    if (bad) co_return;
    clocks_.heard(site.region.value(), begun, status);
    taker_.use(clocks_.terms());
    seen.status = std::move(status);
    const std::string role = text(seen.status, "/role");
    seen.not_writing_looks = role == "fenced" || role == "quarantined" ? seen.not_writing_looks + 1 : 0;
    seen.standby_looks = role == "standby" ? seen.standby_looks + 1 : 0;
    if (role == "standby" && is_true(seen.status, "/postgres/streaming")) seen.last_standby = seen.status;
    if (site.witness) co_return;
    // What this site sees of the others is a vantage of its own.
    const auto* views = find(seen.status, "/views");
    if (!views || !views->is_object()) co_return;
    for (const auto& [region, view] : views->as_object()) {
        const auto health = health_.find(RegionName(std::string(region)));
        if (health == health_.end()) continue;
        const core::View what{
            .answers = is_true(view, "/gateway") || is_true(view, "/agent"),
            .streams = is_true(view, "/postgres") && role == "standby",
        };
        health->second.saw(site.region.value(), what, late || slept_since(begun), io::now());
    }
}

core::Situation Controller::situation() const {
    const TimePoint now = io::now();
    core::Situation situation{
        .lease = taker_.record(),
        .store_forgot = taker_.forgot(),
        .last_move_ended = last_move_ended_,
        .move_unacknowledged = !unacknowledged_.empty(),
        .clock_drift_ppm = clocks_.drift_ppm(),
    };
    for (const auto& [id, execution] : executions_) situation.move_under_way |= !execution.ended();
    for (const auto& at : automatic_moves_)
        situation.automatic_moves_in_window += now - at < config_.moves_window ? 1 : 0;
    if (!situation.lease) return situation;
    const auto health = health_.find(situation.lease->region);
    if (health != health_.end()) situation.writer = health->second.verdict(now);
    const auto writer = seen_.find(situation.lease->region);
    situation.writer_gave_up = !situation.lease->released && taker_.may_take(now) && writer != seen_.end() &&
                               writer->second.agent &&
                               writer->second.not_writing_looks >= 3 * config_.failure_threshold;
    situation.writer_never_opened = !situation.lease->released && taker_.may_take(now) && writer != seen_.end() &&
                                    writer->second.agent &&
                                    writer->second.standby_looks >= 3 * config_.failure_threshold;
    situation.writer_could_open =
        writer != seen_.end() && writer->second.agent && is_true(writer->second.status, "/has_data");
    const SiteConfig* standby = config_.other(situation.lease->region);
    if (standby == nullptr) return situation;
    situation.standby_region = standby->region;
    const Seen& seen = seen_.at(standby->region);
    situation.standby.reachable = seen.agent;
    situation.standby.has_data = is_true(seen.status, "/has_data");
    situation.standby.follows = is_true(seen.status, "/postgres/in_recovery");
    situation.standby.lag_bytes = static_cast<std::uint64_t>(number(seen.last_standby, "/postgres/lag_bytes"));
    situation.standby.lag_seconds = number(seen.last_standby, "/postgres/lag_seconds");
    return situation;
}

io::Task<void> Controller::decide() {
    const Duration interval = std::min<Duration>(config_.probe_interval / 5, 50ms);
    for (;;) {
        co_await io::wait_for(interval);
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
            automatic_moves_.push_back(now);
            const auto begun = begin("failover", core::Mode::disaster, go->to, automatic_reason, "");
            if (!begun) io::log(io::Level::error, "controller.failover-not-begun", {{"why", begun.error().message}});
        } else if (const auto* ask = std::get_if<core::Ask>(&decision)) {
            const auto begun =
                begin("failover", core::Mode::disaster, ask->to, automatic_reason, ask->code + ": " + ask->why);
            if (!begun) io::log(io::Level::error, "controller.failover-not-begun", {{"why", begun.error().message}});
        }
    }
}

io::Task<void> Controller::reconcile_dns() {
    for (;;) {
        co_await io::wait_for(500ms);
        const auto record = taker_.record();
        if (!record || record->released || situation().move_under_way) continue;
        const dns::Version wanted{.epoch = record->epoch.value(), .change = 1};
        for (const auto& site : config_.sites) {
            const json::value status = seen_[site.region].status;
            if (!seen_[site.region].agent) continue;
            const dns::Version there{
                .epoch = static_cast<std::uint64_t>(number(status, "/dns/epoch")),
                .change = static_cast<std::uint64_t>(number(status, "/dns/change")),
            };
            const bool sent_away = is_true(status, "/dns/sent_away");
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

Result<std::string> Controller::begin(
    const std::string& procedure,
    core::Mode mode,
    RegionName to,
    const std::string& reason,
    const std::string& guard,
    std::map<std::string, std::string> notes
) {
    const auto record = taker_.record();
    if (!record) return fail("guard.no-lease", "there is no writer yet");
    const core::Procedure& chosen = procedure == "failover" ? config_.failover : config_.failback;
    auto execution = core::Execution::make(
        {
            .id = fmt::format("x{}", next_id_),
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
    ++next_id_;
    const std::string id = execution->header().id;
    unacknowledged_ = reason == automatic_reason && guard.empty() ? id : std::string();
    executions_.emplace(id, std::move(*execution));
    io::log(
        io::Level::warning,
        "controller.execution-begun",
        {{"id", id}, {"procedure", procedure}, {"to", to.value()}, {"guard", guard}}
    );
    tell(id, core::Begin{});
    return id;
}

void Controller::tell(const std::string& id, const core::ExecutionEvent& event) {
    auto& execution = executions_.at(id);
    obey(id, execution.step(event, io::now()));
}

void Controller::obey(const std::string& id, std::vector<core::ExecutionCommand> commands) {
    const auto& execution = executions_.at(id);
    queue_.push(id, execution.header().epoch, execution.to_json(), std::move(commands));
}

void Controller::carry_out(const std::string& id, const core::ExecutionCommand& command) {
    if (const auto* what = std::get_if<core::Perform>(&command); what && is_wanted(id, *what)) {
        io::run_in_background(executor_, perform(id, *what));
    } else if (const auto* finished = std::get_if<core::Finished>(&command)) {
        last_move_ended_ = io::now();
        io::log(
            finished->succeeded ? io::Level::warning : io::Level::error,
            "controller.execution-ended",
            {{"id", id}, {"state", core::name(executions_.at(id).state())}}
        );
    }
}

/// Not where the step was given up for lateness while the journal could not be written.
bool Controller::is_wanted(const std::string& id, const core::Perform& what) const {
    for (const auto& step : executions_.at(id).steps()) {
        if (step.spec.name != what.step) continue;
        return (step.state == core::StepState::running && step.spec.action == what.action) ||
               (step.state == core::StepState::undoing && step.spec.undo == what.action);
    }
    return false;
}

io::Task<void> Controller::perform(std::string id, core::Perform what) {
    die_if_asked(config_.data, id, what.step, "before");
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
    die_if_asked(config_.data, id, what.step, "after");
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

/// Learns what the store knows. Until it can be read nothing is begun: who does not know the executions that there were
/// would begin others beside them.
io::Task<void> Controller::read_store() {
    const auto unreadable = [](const Error& error) {
        io::log(io::Level::error, "controller.store-unreadable", {{"code", error.code}, {"why", error.message}});
    };
    for (;;) {
        const auto entry = co_await store_->get(lease_key());
        if (entry && *entry) {
            const auto record = core::parse_lease((*entry)->value);
            if (record) taker_.saw((*entry)->revision, *record, io::now());
        }
        if (entry) break;
        unreadable(entry.error());
        co_await io::wait_for(500ms);
    }
    // The last entry of each execution is what it is.
    for (std::uint64_t from = 1;;) {
        const auto entries = co_await store_->read(from, 500);
        if (!entries) {
            unreadable(entries.error());
            co_await io::wait_for(500ms);
            continue;
        }
        if (entries->empty()) break;
        for (const auto& entry : *entries) {
            from = entry.index + 1;
            if (entry.kind == "acknowledgement" && unacknowledged_ == entry.execution) unacknowledged_.clear();
            if (entry.kind != "execution") continue;
            auto execution = core::Execution::from_json(entry.data);
            if (!execution) {
                io::log(
                    io::Level::error,
                    "controller.execution-unreadable",
                    {{"id", entry.execution}, {"why", execution.error().message}}
                );
                continue;
            }
            const auto& header = execution->header();
            const bool alone = header.reason == automatic_reason && header.guard.empty();
            if (!executions_.contains(entry.execution)) unacknowledged_ = alone ? entry.execution : std::string();
            executions_.insert_or_assign(entry.execution, std::move(*execution));
            if (entry.execution.starts_with("x"))
                next_id_ = std::max<std::uint64_t>(next_id_, std::stoull(entry.execution.substr(1)) + 1);
        }
    }
}

void Controller::resume() {
    const TimePoint now = io::now();
    for (const auto& [id, execution] : executions_) {
        // The flap guard outlives us. A time that has not come yet is of before the machine's last start.
        if (execution.ended_at() && *execution.ended_at() < now) {
            last_move_ended_ = std::max(last_move_ended_.value_or(TimePoint{}), *execution.ended_at());
        }
        const bool automatic =
            execution.header().procedure == "failover" && execution.header().reason == automatic_reason;
        if (automatic && execution.started() && *execution.started() < now)
            automatic_moves_.push_back(*execution.started());
    }
    for (auto& [id, execution] : executions_) {
        if (execution.ended()) continue;
        io::log(io::Level::warning, "controller.execution-resumed", {{"id", id}});
        obey(id, execution.resume(io::now()));
    }
}

// --- HTTP ----------------------------------------------------------------------------------------------------------

std::optional<ApiToken> Controller::token_of(const io::HttpRequest& request) const {
    const std::string_view header = request.header("Authorization");
    if (!header.starts_with("Bearer ")) return std::nullopt;
    const std::string digest = sha256_hex(header.substr(7));
    std::optional<ApiToken> found;
    for (const auto& token : config_.tokens) {
        if (equal_in_constant_time(token.sha256, digest)) found = token;
    }
    return found;
}

io::Task<io::HttpResponse> Controller::answer(io::HttpRequest request) {
    const std::string path(request.path());
    if (path == "/metrics") co_return metrics();
    const auto token = token_of(request);
    if (!token)
        co_return io::HttpResponse::error(
            401, "no-token", "expected Authorization: Bearer <token>; `cloudshelf` reads it from the twin's secrets"
        );
    const Role* role = &token->role;
    const std::string* name = &token->name;
    const bool post = request.method == "POST";
    const auto forbidden = [] {
        return io::HttpResponse::error(403, "forbidden", "this token's role may not do that");
    };
    std::string problem;
    try {
        if (path.starts_with("/v1/store/")) {
            if (*role != Role::site) co_return forbidden();
            co_return co_await store_call(std::move(request));
        }
        if (*role == Role::site) co_return forbidden();
        if (path == "/v1/status" && !post) co_return io::HttpResponse::json(200, json::serialize(status()));
        if (path == "/v1/events" && !post) co_return events();
        if (path == "/v1/journal" && !post) co_return co_await journal(std::move(request));
        if (path.starts_with("/v1/executions") && !post) co_return executions(path);
        if (*role == Role::viewer) co_return forbidden();
        if (path == "/v1/executions") co_return co_await start_execution(std::move(request));
        if (path.starts_with("/v1/executions/") && path.ends_with("/approve")) {
            if (*role != Role::approver) co_return forbidden();
            co_return co_await approve(path, *name);
        }
        if (path.starts_with("/v1/executions/") && path.ends_with("/acknowledge"))
            co_return co_await acknowledge(path, *name);
        if (path.starts_with("/v1/executions/") && path.ends_with("/convert"))
            co_return co_await convert(path, std::move(request));
    } catch (const std::exception& bad) {
        problem = bad.what();
    }
    if (!problem.empty()) co_return io::HttpResponse::error(400, "bad-request", problem);
    co_return io::HttpResponse::error(404, "no-such-call", path);
}

io::Task<io::HttpResponse> Controller::store_call(io::HttpRequest request) {
    const std::string path(request.path());
    const std::string key = path.substr(std::string_view("/v1/store/").size());
    if (request.method == "GET") {
        const auto entry = co_await store_->get(key);
        if (!entry) co_return io::HttpResponse::error(503, entry.error().code, entry.error().message);
        if (!*entry) co_return io::HttpResponse::error(404, "no-key", key);
        const json::object found{
            {"revision", (*entry)->revision}, {"value", (*entry)->value}, {"clock", clocks::own_clock()}
        };
        co_return io::HttpResponse::json(200, json::serialize(found));
    }
    if (key != "compare-and-swap") co_return io::HttpResponse::error(404, "no-such-call", path);
    const json::value body = json::parse(request.body);
    const std::string wanted = json::value_to<std::string>(body.at("key"));
    const std::uint64_t known = taker_.revision();
    const auto swapped = co_await store_->compare_and_swap(
        wanted,
        json::value_to<std::uint64_t>(body.at("expected_revision")),
        json::value_to<std::string>(body.at("value"))
    );
    if (!swapped) co_return io::HttpResponse::error(503, swapped.error().code, swapped.error().message);
    if (wanted == lease_key() && swapped->current.revision > 0) {
        if (const auto record = core::parse_lease(swapped->current.value))
            taker_.heard(known, swapped->current.revision, *record, io::now());
    }
    if (swapped->stored) {
        const json::object stored{{"revision", swapped->current.revision}, {"clock", clocks::own_clock()}};
        co_return io::HttpResponse::json(200, json::serialize(stored));
    }
    const json::object conflict{
        {"error", {{"code", "conflict"}, {"message", "the key has another revision"}}},
        {"revision", swapped->current.revision},
        {"value", swapped->current.value},
    };
    co_return io::HttpResponse::json(409, json::serialize(conflict));
}

io::Task<io::HttpResponse> Controller::start_execution(io::HttpRequest request) {
    const json::value body = json::parse(request.body);
    const std::string procedure = json::value_to<std::string>(body.at("procedure"));
    const auto* reason = body.as_object().if_contains("reason");
    const auto* accept = body.as_object().if_contains("accept_loss");
    const auto* to = body.as_object().if_contains("to");
    const core::Situation now = situation();
    const bool failover = procedure == "failover";
    if (!failover && procedure != "failback") {
        co_return io::HttpResponse::error(400, "bad-request", "procedure: expected \"failover\" or \"failback\"");
    }
    if (now.lease && !now.writer_never_opened && to && to->is_string() &&
        now.lease->region.value() == to->as_string()) {
        co_return io::HttpResponse::error(
            409, "guard.already-there", fmt::format("{} is the writer already", now.lease->region.value())
        );
    }
    if (!failover && now.lease && !to && now.lease->region == config_.home) {
        co_return io::HttpResponse::error(
            409, "guard.already-there", fmt::format("{} is home, and the writer", config_.home.value())
        );
    }
    const bool accepted = accept && accept->is_bool() && accept->as_bool();
    const auto decision =
        failover ? core::allow_failover(now, config_.rules, accepted ? core::AcceptLoss::yes : core::AcceptLoss::no)
                 : core::allow_switchover(now, config_.rules);
    if (const auto* stay = std::get_if<core::Stay>(&decision))
        co_return io::HttpResponse::error(409, stay->code, stay->why);
    const RegionName target = std::get<core::Go>(decision).to;
    // A failover of a writer that lives loses less as a switchover; it is one as long as both are healthy.
    const bool planned = !failover || (now.writer == core::Verdict::healthy && now.lease->sync == core::Sync::in_step);
    std::map<std::string, std::string> notes{{"by-a-person", "yes"}};
    if (accepted) notes["accepts-loss"] = "yes";
    const auto begun = begin(
        planned ? "failback" : "failover",
        planned ? core::Mode::planned : core::Mode::disaster,
        target,
        reason && reason->is_string() ? std::string(reason->as_string()) : "asked for",
        "",
        std::move(notes)
    );
    if (!begun) co_return io::HttpResponse::error(409, begun.error().code, begun.error().message);
    co_await queue_.drained(*begun, io::Deadline::after(2s));
    co_return io::HttpResponse::json(201, json::serialize(json::object{{"id", *begun}}));
}

io::HttpResponse Controller::executions(std::string_view path) const {
    if (path == "/v1/executions") {
        json::array all;
        for (const auto& [id, execution] : executions_) all.push_back(json::parse(execution.to_json()));
        return io::HttpResponse::json(200, json::serialize(json::object{{"executions", std::move(all)}}));
    }
    const std::string id(path.substr(std::string_view("/v1/executions/").size()));
    const auto found = executions_.find(id);
    if (found == executions_.end()) return io::HttpResponse::error(404, "no-execution", id);
    return io::HttpResponse::json(200, found->second.to_json());
}

core::Execution* Controller::execution_of(std::string_view path) {
    const auto begin = std::string_view("/v1/executions/").size();
    const auto found = executions_.find(std::string(path.substr(begin, path.rfind('/') - begin)));
    return found == executions_.end() ? nullptr : &found->second;
}

io::Task<io::HttpResponse> Controller::approve(std::string path, std::string by) {
    const core::Execution* execution = execution_of(path);
    if (execution == nullptr) co_return io::HttpResponse::error(404, "no-execution", path);
    const std::string id = execution->header().id;
    if (!execution->waits_for_approval())
        co_return io::HttpResponse::error(
            409, "not-waiting", fmt::format("{} is {}", id, core::name(execution->state()))
        );
    tell(id, core::Approved{by});
    co_await queue_.drained(id, io::Deadline::after(2s));
    co_return io::HttpResponse::json(200, execution->to_json());
}

io::Task<io::HttpResponse> Controller::acknowledge(std::string path, std::string by) {
    const core::Execution* execution = execution_of(path);
    if (execution == nullptr) co_return io::HttpResponse::error(404, "no-execution", path);
    const auto& header = execution->header();
    const std::string id = header.id;
    const std::string data = json::serialize(json::object{{"by", by}});
    const auto noted = co_await store_->append(header.epoch.value(), id, "acknowledgement", data);
    if (!noted) co_return io::HttpResponse::error(503, noted.error().code, noted.error().message);
    if (unacknowledged_ == id) unacknowledged_.clear();
    co_return io::HttpResponse::json(200, "{}");
}

io::Task<io::HttpResponse> Controller::convert(std::string path, io::HttpRequest request) {
    core::Execution* execution = execution_of(path);
    if (execution == nullptr) co_return io::HttpResponse::error(404, "no-execution", path);
    const json::value body = json::parse(request.body);
    const std::string mode = json::value_to<std::string>(body.at("mode"));
    if (mode != "planned" && mode != "disaster")
        co_return io::HttpResponse::error(400, "bad-request", "mode: expected \"planned\" or \"disaster\"");
    if (!execution->convert(mode == "planned" ? core::Mode::planned : core::Mode::disaster)) {
        co_return io::HttpResponse::error(
            409, "too-late", fmt::format("{} cannot become {} any more", execution->header().id, mode)
        );
    }
    const std::string id = execution->header().id;
    obey(id, {core::Save{}});
    co_await queue_.drained(id, io::Deadline::after(2s));
    co_return io::HttpResponse::json(200, execution->to_json());
}

io::Task<io::HttpResponse> Controller::journal(io::HttpRequest request) {
    const std::string from = request.query("from");
    const std::uint64_t first = from.empty() ? 1 : std::stoull(from);
    const auto entries = co_await store_->read(first, 500);
    if (!entries) co_return io::HttpResponse::error(503, entries.error().code, entries.error().message);
    json::array list;
    for (const auto& entry : *entries) {
        list.push_back(
            {{"index", entry.index},
             {"at", entry.at},
             {"epoch", entry.epoch},
             {"execution", entry.execution},
             {"kind", entry.kind},
             {"data", json::parse(entry.data)},
             {"hash", entry.hash}}
        );
    }
    co_return io::HttpResponse::json(200, json::serialize(json::object{{"entries", std::move(list)}}));
}

json::value Controller::status() const {
    const TimePoint now = io::now();
    json::object regions;
    for (const auto& [region, seen] : seen_) {
        const auto health = health_.find(region);
        json::object entry{
            {"verdict",
             health == health_.end() ? (seen.agent ? "healthy" : "down") : core::name(health->second.verdict(now))},
            {"role", seen.agent ? text(seen.status, "/role") : ""},
            {"detail", seen.agent ? text(seen.status, "/detail") : "its agent does not answer"},
            {"gateway", seen.gateway},
            {"agent", seen.agent},
        };
        if (const auto* postgres = find(seen.status, "/postgres"); postgres && seen.agent)
            entry["postgres"] = *postgres;
        if (const auto* stranded = find(seen.status, "/stranded_writes"); stranded && seen.agent)
            entry["stranded_writes"] = *stranded;
        regions[region.value()] = std::move(entry);
    }
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
        {"application", config_.application},
        {"regions", std::move(regions)},
        {"executions", std::move(moves)},
        {"clock", clocks::own_clock()},
        {"clocks", clocks_.status()},
    };
    if (!unacknowledged_.empty()) status["to_acknowledge"] = unacknowledged_;
    if (const auto& record = taker_.record()) status["lease"] = json::parse(core::to_json(*record));
    const auto decision = core::decide_failover(situation(), config_.rules, now);
    if (const auto* stay = std::get_if<core::Stay>(&decision))
        status["automatic_failover"] = stay->code + ": " + stay->why;
    return status;
}

namespace {

io::Task<void> stream_status(std::function<json::value()> status, io::HttpResponse::Writer write) {
    for (;;) {
        const bool listening = co_await write("event: status\ndata: " + json::serialize(status()) + "\n\n");
        if (!listening) co_return;
        co_await io::wait_for(200ms);
    }
}

}  // namespace

io::HttpResponse Controller::events() {
    io::HttpResponse response{
        .status = 200, .headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}}
    };
    response.stream = [this](io::HttpResponse::Writer write) {
        return stream_status([this] { return status(); }, std::move(write));
    };
    return response;
}

io::HttpResponse Controller::metrics() const {
    const TimePoint now = io::now();
    std::string out;
    out +=
        "# HELP cloudshelf_region_down 1 while the quorum says the region is down.\n# TYPE cloudshelf_region_down "
        "gauge\n";
    for (const auto& [region, health] : health_) {
        out += fmt::format(
            "cloudshelf_region_down{{region=\"{}\"}} {}\n",
            region.value(),
            health.verdict(now) == core::Verdict::down ? 1 : 0
        );
    }
    out +=
        "# HELP cloudshelf_certificate_remaining_seconds Until this site's certificate ends.\n# TYPE "
        "cloudshelf_certificate_remaining_seconds gauge\n";
    out += fmt::format(
        "cloudshelf_certificate_remaining_seconds {:.0f}\n",
        std::chrono::duration<double>(config_.tls->expires() - std::chrono::system_clock::now()).count()
    );
    out += "# HELP cloudshelf_epoch The epoch of the lease.\n# TYPE cloudshelf_epoch gauge\n";
    out += fmt::format("cloudshelf_epoch {}\n", taker_.record() ? taker_.record()->epoch.value() : 0);
    out += "# HELP cloudshelf_probes_total Health probes sent.\n# TYPE cloudshelf_probes_total counter\n";
    out += fmt::format("cloudshelf_probes_total {}\n", probes_);
    out +=
        "# HELP cloudshelf_executions_total Executions by procedure and state.\n# TYPE cloudshelf_executions_total "
        "gauge\n";
    std::map<std::pair<std::string, std::string>, int> counts;
    for (const auto& [id, execution] : executions_)
        ++counts[{execution.header().procedure, core::name(execution.state())}];
    for (const auto& [key, count] : counts) {
        out += fmt::format(
            "cloudshelf_executions_total{{procedure=\"{}\",state=\"{}\"}} {}\n", key.first, key.second, count
        );
    }
    out += clocks_.metrics();
    return {.status = 200, .headers = {{"Content-Type", "text/plain; version=0.0.4"}}, .body = std::move(out)};
}

}  // namespace cloudshelf::controller
