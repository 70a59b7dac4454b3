#include "controller/api.hpp"

#include "base/digest.hpp"
#include "base/version.hpp"
#include "controller/json_path.hpp"
#include "io/clock.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr const char* passed_on = "X-CloudShelf-Passed-On";  // by a controller that does not lead: once only
constexpr Duration pass_on_limit = 5s;
constexpr Duration status_limit = 500ms;  // then a controller that does not lead tells what it sees itself

io::HttpResponse refused(const Error& error, int status = 409) {
    return io::HttpResponse::error(status, error.code, error.message);
}

/// What sites may read and change in the store: the leases of applications, nothing of the control plane's own.
bool is_lease(std::string_view key) {
    return key.starts_with("app/") && key.ends_with("/lease") && std::ranges::count(key, '/') == 2;
}

/// "x7" of "/v1/executions/x7/approve".
std::string execution_in(std::string_view path) {
    path.remove_prefix(std::string_view("/v1/executions/").size());
    return std::string(path.substr(0, path.find('/')));
}

io::Task<void> stream_status(std::function<json::value()> status, io::HttpResponse::Writer write) {
    for (;;) {
        const bool listening = co_await write("event: status\ndata: " + json::serialize(status()) + "\n\n");
        if (!listening) co_return;
        co_await io::wait_for(200ms);
    }
}

}  // namespace

Api::Api(
    const Services& services,
    const ControllerConfig& config,
    const Applications& applications,
    Leadership& leadership,
    const Peers& peers,
    const Looks& looks,
    const std::unique_ptr<HealthChecker>& health,
    const JournalCopy& copy,
    store::EtcdStore* etcd
)
    : services_(services),
      config_(config),
      applications_(applications),
      leadership_(leadership),
      peers_(peers),
      looks_(looks),
      health_(health),
      copy_(copy),
      state_(services, config, applications, leadership, peers, copy),
      members_(etcd) {}

std::optional<ApiToken> Api::token_of(const io::HttpRequest& request) const {
    const std::string_view header = request.header("Authorization");
    if (!header.starts_with("Bearer ")) return std::nullopt;
    const std::string digest = sha256_hex(header.substr(7));
    std::optional<ApiToken> found;
    for (const auto& token : config_.tokens) {
        if (equal_in_constant_time(token.sha256, digest)) found = token;
    }
    return found;
}

Application* Api::application_of(const io::HttpRequest& request) const {
    const std::string name = request.query("application");
    return name.empty() ? &applications_.front() : applications_.named(name);
}

io::Task<io::HttpResponse> Api::answer(io::HttpRequest request) {
    if (request.path() == "/metrics") co_return metrics();
    const auto token = token_of(request);
    if (!token)
        co_return io::HttpResponse::error(
            401, "no-token", "expected Authorization: Bearer <token>; `cloudshelf` reads it from the twin's secrets"
        );
    std::string problem;
    try {
        co_return co_await dispatch(std::move(request), *token);
    } catch (const std::exception& bad) {
        problem = bad.what();
    }
    co_return io::HttpResponse::error(400, "bad-request", problem);
}

io::Task<io::HttpResponse> Api::dispatch(io::HttpRequest request, ApiToken token) {
    const std::string path(request.path());
    const bool post = request.method == "POST";
    const auto forbidden = io::HttpResponse::error(403, "forbidden", "this token's role may not do that");
    if (path == "/v1/leader" && !post) co_return leader();
    if (path == "/v1/looks" && !post) {
        if (token.role != Role::site) co_return forbidden;
        const std::string after = request.query("after");
        const auto looks = looks_.since(after.empty() ? 0 : std::stoull(after));
        co_return io::HttpResponse::json(200, json::serialize(looks));
    }
    if (path.starts_with("/v1/store/")) {
        if (token.role != Role::site) co_return forbidden;
        co_return co_await store_call(std::move(request));
    }
    if (token.role == Role::site) co_return forbidden;
    if (path == "/v1/journal/verify" && !post) co_return co_await verify_journal();
    if (path == "/v1/journal" && !post) co_return co_await journal(std::move(request));
    if (path.starts_with("/v1/state")) {
        if (token.role == Role::viewer) co_return forbidden;
        if (post && another_leads()) co_return co_await pass_on(std::move(request));
        co_return co_await state_.answer(std::move(request), std::move(token));
    }
    if (path.starts_with("/v1/members")) {
        if (token.role == Role::viewer) co_return forbidden;
        co_return co_await members_.answer(std::move(request), std::move(token));
    }
    if (path == "/v1/applications" && !post) {
        json::array names;
        for (const auto& application : applications_) names.push_back(json::string(application->config().name));
        co_return io::HttpResponse::json(200, json::serialize(json::object{{"applications", std::move(names)}}));
    }
    const Application* application = application_of(request);
    if (application == nullptr) co_return io::HttpResponse::error(404, "no-application", request.query("application"));
    if (path == "/v1/events" && !post) co_return events(request);
    if (path == "/v1/status" && !post) {
        if (leadership_.leads()) co_return io::HttpResponse::json(200, json::serialize(status(*application)));
        const auto answer = co_await pass_on(std::move(request));
        if (answer.status == 200) co_return answer;
        co_return io::HttpResponse::json(200, json::serialize(status(*application)));
    }
    if (!path.starts_with("/v1/executions")) co_return io::HttpResponse::error(404, "no-such-call", path);
    if (post && token.role == Role::viewer) co_return forbidden;
    if (path.ends_with("/approve") && token.role != Role::approver) co_return forbidden;
    if (!leadership_.leads()) co_return co_await pass_on(std::move(request));
    if (!post) co_return executions(request);
    if (path == "/v1/executions") co_return co_await start_execution(std::move(request));
    co_return co_await change_execution(std::move(request), std::move(token));
}

io::Task<io::HttpResponse> Api::pass_on(io::HttpRequest request) {
    const auto& record = leadership_.record();
    const auto peer = std::ranges::find_if(config_.peers, [&](const PeerConfig& known) {
        return record && !record->released && known.site == record->region;
    });
    if (peer == config_.peers.end() || !request.header(passed_on).empty())
        co_return io::HttpResponse::error(
            503, "no-leader", "no controller leads at the moment; one will within seconds where two sites are up"
        );
    const bool is_status = request.path() == "/v1/status";
    io::HttpRequest next{
        .method = request.method,
        .target = request.target,
        .headers =
            {{"Authorization", std::string(request.header("Authorization"))},
             {"Content-Type", "application/json"},
             {passed_on, config_.site.value()}},
        .body = std::move(request.body),
    };
    const auto limit = io::Deadline::after(is_status ? status_limit : pass_on_limit);
    auto answer = co_await services_.agents.send(peer->endpoint, std::move(next), limit);
    if (!answer)
        co_return io::HttpResponse::error(
            503,
            "no-leader",
            fmt::format("{} leads and does not answer: {}", peer->site.value(), answer.error().message)
        );
    co_return std::move(*answer);
}

io::Task<io::HttpResponse> Api::store_call(io::HttpRequest request) {
    const std::string path(request.path());
    const bool reads = request.method == "GET";
    std::string key = path.substr(std::string_view("/v1/store/").size());
    if (!reads && key != "compare-and-swap") co_return io::HttpResponse::error(404, "no-such-call", path);
    const json::value body = reads ? json::value() : json::parse(request.body);
    if (!reads) key = json::value_to<std::string>(body.at("key"));
    if (!is_lease(key)) co_return io::HttpResponse::error(403, "forbidden", key + " is not for sites");
    Application* application = applications_.with_lease(key);
    const auto known = application == nullptr ? core::LeaseTaker::Mark{} : application->lease().mark();
    const auto hear = [&](const store::Entry& entry) {
        if (application != nullptr && entry.revision > 0) application->heard(known, entry);
    };
    if (reads) {
        const auto entry = co_await services_.store.get(key);
        if (!entry) co_return refused(entry.error(), 503);
        if (!*entry) co_return io::HttpResponse::error(404, "no-key", key);
        hear(**entry);
        const json::object found{
            {"revision", (*entry)->revision}, {"value", (*entry)->value}, {"clock", clocks::own_clock()}
        };
        co_return io::HttpResponse::json(200, json::serialize(found));
    }
    const auto swapped = co_await services_.store.compare_and_swap(
        key, json::value_to<std::uint64_t>(body.at("expected_revision")), json::value_to<std::string>(body.at("value"))
    );
    if (!swapped) co_return refused(swapped.error(), 503);
    hear(swapped->current);
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

// --- executions ----------------------------------------------------------------------------------------------------

io::Task<io::HttpResponse> Api::start_execution(io::HttpRequest request) {
    const json::value body = json::parse(request.body);
    Application::Request wanted{
        .procedure = json::value_to<std::string>(body.at("procedure")),
        .reason = text(body, "/reason"),
        .accept = is_true(body, "/accept_loss") ? core::AcceptLoss::yes : core::AcceptLoss::no,
    };
    if (wanted.procedure != "failover" && wanted.procedure != "failback")
        co_return io::HttpResponse::error(400, "bad-request", "procedure: expected \"failover\" or \"failback\"");
    if (const std::string to = text(body, "/to"); !to.empty()) wanted.to = RegionName(to);
    if (wanted.reason.empty()) wanted.reason = "asked for";
    Application& application = *application_of(request);
    const auto permission = application.allow(wanted);
    if (!permission) co_return refused(permission.error());
    if (permission->mode == core::Mode::planned && permission->to == config_.site && !peers_.able().empty()) {
        // The writer is about to be here, where its loss would take the leader along.
        leadership_.let_go();
        auto moving = io::HttpResponse::error(
            503, "leader-moves", fmt::format("the leader leaves {} first: ask again", config_.site.value())
        );
        moving.headers.emplace_back("Retry-After", "1");
        co_return moving;
    }
    const auto id = co_await application.start(std::move(wanted), *permission);
    if (!id) co_return refused(id.error());
    co_return io::HttpResponse::json(201, json::serialize(json::object{{"id", *id}}));
}

io::HttpResponse Api::executions(const io::HttpRequest& request) const {
    const std::string path(request.path());
    if (path == "/v1/executions") {
        json::array all;
        for (const auto& [id, execution] : application_of(request)->executions())
            all.push_back(json::parse(execution.to_json()));
        return io::HttpResponse::json(200, json::serialize(json::object{{"executions", std::move(all)}}));
    }
    const std::string id = execution_in(path);
    Application* application = applications_.with_execution(id);
    if (application == nullptr) return io::HttpResponse::error(404, "no-execution", id);
    return io::HttpResponse::json(200, application->execution(id)->to_json());
}

io::Task<io::HttpResponse> Api::change_execution(io::HttpRequest request, ApiToken token) {
    const std::string path(request.path());
    const std::string id = execution_in(path);
    Application* application = applications_.with_execution(id);
    if (application == nullptr) co_return io::HttpResponse::error(404, "no-execution", id);
    const core::Execution& execution = *application->execution(id);
    if (path.ends_with("/approve")) {
        if (!execution.waits_for_approval())
            co_return io::HttpResponse::error(
                409, "not-waiting", fmt::format("{} is {}", id, core::name(execution.state()))
            );
        co_await application->approve(id, token.name);
        co_return io::HttpResponse::json(200, execution.to_json());
    }
    if (path.ends_with("/acknowledge")) {
        const auto noted = co_await application->acknowledge(id, token.name);
        if (!noted) co_return refused(noted.error(), 503);
        co_return io::HttpResponse::json(200, "{}");
    }
    if (!path.ends_with("/convert")) co_return io::HttpResponse::error(404, "no-such-call", path);
    const json::value body = json::parse(request.body);
    const std::string mode = json::value_to<std::string>(body.at("mode"));
    if (mode != "planned" && mode != "disaster")
        co_return io::HttpResponse::error(400, "bad-request", "mode: expected \"planned\" or \"disaster\"");
    const auto wanted = mode == "planned" ? core::Mode::planned : core::Mode::disaster;
    const bool converted = co_await application->convert(id, wanted);
    if (!converted)
        co_return io::HttpResponse::error(409, "too-late", fmt::format("{} cannot become {} any more", id, mode));
    co_return io::HttpResponse::json(200, execution.to_json());
}

// --- what there is to see ------------------------------------------------------------------------------------------

io::Task<io::HttpResponse> Api::journal(io::HttpRequest request) {
    const std::string from = request.query("from");
    const std::uint64_t first = from.empty() ? 1 : std::stoull(from);
    const auto entries = co_await services_.store.read(first, config_.limits.journal_page);
    if (!entries) co_return refused(entries.error(), 503);
    json::array list;
    std::size_t bytes = 0;
    for (const auto& entry : *entries) {
        bytes += entry.data.size();
        if (bytes > config_.limits.journal_page_bytes && !list.empty()) break;
        list.push_back(
            {{"index", entry.index},
             {"at", entry.at},
             {"epoch", entry.epoch},
             {"term", entry.term},
             {"execution", entry.execution},
             {"kind", entry.kind},
             {"data", json::parse(entry.data)},
             {"previous_hash", entry.previous_hash},
             {"hash", entry.hash}}
        );
    }
    co_return io::HttpResponse::json(200, json::serialize(json::object{{"entries", std::move(list)}}));
}

io::Task<io::HttpResponse> Api::verify_journal() {
    const auto fault = co_await services_.store.verify();
    if (!fault) co_return refused(fault.error(), 503);
    json::object answer{{"whole", !*fault}};
    if (*fault) answer["fault"] = json::object{{"index", (*fault)->index}, {"what", (*fault)->what}};
    co_return io::HttpResponse::json(200, json::serialize(answer));
}

bool Api::another_leads() const {
    const auto& record = leadership_.record();
    return !leadership_.leads() && record && !record->released && peers_.able().contains(record->region);
}

bool Api::store_answers() const {
    const auto heard = leadership_.store_heard();
    return heard && io::now() - *heard < 2 * config_.leader_terms().beat + 1s;
}

io::HttpResponse Api::leader() const {
    json::object answer{
        {"site", config_.site.value()},
        {"leads", leadership_.leads()},
        {"store", store_answers()},
        {"version", version},
        {"format", state_format},
        {"known_term", std::max(leadership_.known(), copy_.newest_term()).value()},
        {"journal", {{"index", copy_.last().index}, {"term", copy_.last().term}, {"ahead", copy_.is_ahead()}}},
    };
    if (const auto& why = leadership_.refuses())
        answer["refuses"] = json::object{{"code", why->code}, {"message", why->message}};
    if (const auto& record = leadership_.record(); record && !record->released) {
        answer["leader"] = record->region.value();
        answer["term"] = record->epoch.value();
    }
    return io::HttpResponse::json(200, json::serialize(answer));
}

json::value Api::status(const Application& application) const {
    json::object status = application.status();
    json::object controllers{
        {config_.site.value(), {{"leads", leadership_.leads()}, {"answers", true}, {"store", store_answers()}}}
    };
    const auto& record = leadership_.record();
    for (const auto& [site, seen] : peers_.seen()) {
        const bool leads = seen.answers && record && !record->released && record->region == site;
        controllers[site.value()] = json::object{{"leads", leads}, {"answers", seen.answers}, {"store", seen.store}};
    }
    if (const auto& why = leadership_.refuses()) status["may_not_lead"] = why->code + ": " + why->message;
    json::array checks;
    const std::string prefix = application.config().name + "/";
    for (const auto& check : health_ ? health_->status() : std::vector<CheckStatus>()) {
        if (!check.name.value().starts_with(prefix)) continue;
        json::object entry{
            {"name", check.name.value().substr(prefix.size())},
            {"type", core::name(check.type)},
            {"status", core::name(check.status)}
        };
        if (check.latest) entry["latest"] = core::name(*check.latest);
        if (check.latency) entry["latency_ms"] = std::chrono::duration<double, std::milli>(*check.latency).count();
        if (check.certificate_days) entry["certificate_days"] = *check.certificate_days;
        checks.push_back(std::move(entry));
    }
    if (!checks.empty()) status["health_checks"] = std::move(checks);
    status["seen_from"] = config_.site.value();
    status["controllers"] = std::move(controllers);
    return status;
}

io::HttpResponse Api::events(const io::HttpRequest& request) {
    io::HttpResponse response{
        .status = 200, .headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}}
    };
    const Application* application = application_of(request);
    response.stream = [this, application](io::HttpResponse::Writer write) {
        return stream_status([this, application] { return status(*application); }, std::move(write));
    };
    return response;
}

io::HttpResponse Api::metrics() const {
    const TimePoint now = io::now();
    std::string out;
    const auto family = [&](const char* name, const char* type, const char* help) {
        out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    };
    family("cloudshelf_leader", "gauge", "1 while this controller leads.");
    out += fmt::format("cloudshelf_leader {}\n", leadership_.leads() ? 1 : 0);
    family("cloudshelf_leader_term", "gauge", "The term of the leader's lease.");
    out += fmt::format("cloudshelf_leader_term {}\n", leadership_.record() ? leadership_.record()->epoch.value() : 0);
    family("cloudshelf_store_answers", "gauge", "1 while the state store answers this controller.");
    out += fmt::format("cloudshelf_store_answers {}\n", store_answers() ? 1 : 0);
    family("cloudshelf_may_not_lead", "gauge", "1 while this controller refuses to lead over the state it finds.");
    out += fmt::format("cloudshelf_may_not_lead {}\n", leadership_.refuses() ? 1 : 0);
    family("cloudshelf_journal_copy_index", "gauge", "The last entry in this site's copy of the journal.");
    out += fmt::format("cloudshelf_journal_copy_index {}\n", copy_.last().index);
    family(
        "cloudshelf_journal_copy_ahead", "gauge", "1 while the store's journal ends before this copy: it lost some."
    );
    out += fmt::format("cloudshelf_journal_copy_ahead {}\n", copy_.is_ahead() ? 1 : 0);
    family("cloudshelf_journal_forks_total", "counter", "Copies put aside because the store went on otherwise.");
    out += fmt::format("cloudshelf_journal_forks_total {}\n", copy_.put_aside());
    family("cloudshelf_region_down", "gauge", "1 while the quorum says the region is down.");
    for (const auto& application : applications_) {
        for (const auto& site : application->config().sites) {
            if (site.witness) continue;
            const bool down = application->watch().verdict(site.region, now) == core::Verdict::down;
            out += fmt::format(
                "cloudshelf_region_down{{application=\"{}\",region=\"{}\"}} {}\n",
                application->config().name,
                site.region.value(),
                down ? 1 : 0
            );
        }
    }
    family("cloudshelf_certificate_remaining_seconds", "gauge", "Until this site's certificate ends.");
    out += fmt::format(
        "cloudshelf_certificate_remaining_seconds {:.0f}\n",
        std::chrono::duration<double>(config_.tls->expires() - std::chrono::system_clock::now()).count()
    );
    family("cloudshelf_epoch", "gauge", "The epoch of the application's lease.");
    for (const auto& application : applications_) {
        const auto& record = application->lease().record();
        out += fmt::format(
            "cloudshelf_epoch{{application=\"{}\"}} {}\n",
            application->config().name,
            record ? record->epoch.value() : 0
        );
    }
    family("cloudshelf_health_check_healthy", "gauge", "1 while a health check is healthy.");
    for (const auto& check : health_ ? health_->status() : std::vector<CheckStatus>())
        out += fmt::format(
            "cloudshelf_health_check_healthy{{check=\"{}\"}} {}\n",
            check.name.value(),
            check.status == core::HealthStatus::healthy ? 1 : 0
        );
    family("cloudshelf_probes_total", "counter", "Health probes sent.");
    std::uint64_t probes = 0;
    for (const auto& application : applications_) probes += application->watch().probes();
    out += fmt::format("cloudshelf_probes_total {}\n", probes);
    family(
        "cloudshelf_look_lateness_seconds", "histogram", "How late looks began, behind the time they were meant for."
    );
    const auto add_looks = [&](const char* at, const LookCounts& looks) {
        const auto bucket = [&](const std::string& le, std::uint64_t count) {
            out += fmt::format("cloudshelf_look_lateness_seconds_bucket{{at=\"{}\",le=\"{}\"}} {}\n", at, le, count);
        };
        for (std::size_t i = 0; i < LookCounts::bounds.size(); ++i)
            bucket(fmt::format("{}", std::chrono::duration<double>(LookCounts::bounds[i]).count()), looks.within(i));
        bucket("+Inf", looks.total());
        const double sum = std::chrono::duration<double>(looks.sum()).count();
        out += fmt::format("cloudshelf_look_lateness_seconds_sum{{at=\"{}\"}} {:.3f}\n", at, sum);
        out += fmt::format("cloudshelf_look_lateness_seconds_count{{at=\"{}\"}} {}\n", at, looks.total());
    };
    add_looks("regions", services_.looks);
    add_looks("checks", looks_.lateness());
    family("cloudshelf_health_looks_failed_total", "counter", "Looks of health checks that failed.");
    out += fmt::format("cloudshelf_health_looks_failed_total {}\n", looks_.failures());
    family("cloudshelf_executions_total", "gauge", "Executions by procedure and state.");
    std::map<std::pair<std::string, std::string>, int> counts;
    for (const auto& application : applications_) {
        for (const auto& [id, execution] : application->executions())
            ++counts[{execution.header().procedure, core::name(execution.state())}];
    }
    for (const auto& [key, count] : counts) {
        out += fmt::format(
            "cloudshelf_executions_total{{procedure=\"{}\",state=\"{}\"}} {}\n", key.first, key.second, count
        );
    }
    // Sites have clocks, not applications.
    out += applications_.front().watch().clocks().metrics();
    return {.status = 200, .headers = {{"Content-Type", "text/plain; version=0.0.4"}}, .body = std::move(out)};
}

}  // namespace cloudshelf::controller
