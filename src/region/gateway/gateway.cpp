#include "region/gateway/gateway.hpp"

#include "bookstore/handlers.hpp"
#include "bookstore/http_payments.hpp"
#include "bookstore/postgres_database.hpp"
#include "bookstore/system_ports.hpp"
#include "bookstore/tables/table_ports.hpp"
#include "io/blocking.hpp"
#include "io/clock.hpp"
#include "io/lease_page.hpp"
#include "io/log.hpp"
#include "region/gateway/function_calls.hpp"
#include "region/gateway/gate.hpp"

#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <boost/url/parse.hpp>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace cloudshelf::region {
namespace json = boost::json;
using namespace std::chrono_literals;
using bookstore::Kind;
using bookstore::Outcome;

namespace {

constexpr Duration hold_limit = 5s;   // how long a write waits for a switchover
constexpr Duration retry_limit = 3s;  // how long one that may go well in a moment is tried again
constexpr Duration watch_interval = 100ms;
constexpr std::size_t writes_waiting_max = 512;

/// What is known of a database server. Written by the watcher, read everywhere.
struct Site {
    explicit Site(bookstore::PostgresServer server, bookstore::PostgresOptions options)
        : pool(std::move(server), std::move(options)) {}
    bookstore::PostgresPool pool;
    std::atomic<bool> up = false;
    std::atomic<bool> primary = false;
};

struct Counters {
    std::array<std::atomic<std::uint64_t>, 6> answers{};  // by the first digit of the status
    std::atomic<std::uint64_t> held = 0;
    std::atomic<std::uint64_t> retried = 0;
    std::atomic<std::uint64_t> fenced = 0;
    std::atomic<std::uint64_t> unknown = 0;
};

/// Where a write went, for the headers of its answer.
struct Route {
    std::string writer;
    std::uint64_t epoch = 0;
};

bookstore::Response write_fenced(std::string_view message) {
    auto response = bookstore::refusal(503, "write-fenced", message);
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

/// Nothing when the target is not a path that can be decoded.
std::optional<bookstore::Request> translate(const io::HttpRequest& http) {
    const auto target = boost::urls::parse_origin_form(http.target);
    if (!target) return {};
    bookstore::Request request;
    request.method = http.method;
    request.path = std::string(http.path());
    for (const auto& parameter : target->params()) request.query.emplace_back(parameter.key, parameter.value);
    request.authorization = http.header("Authorization");
    request.idempotency_key = http.header("Idempotency-Key");
    request.body = http.body;
    return request;
}

}  // namespace

struct Gateway::Impl {
    Impl(io::Executor executor_in, GatewayConfig config_in, Secret secret_in)
        : executor(std::move(executor_in)),
          config(std::move(config_in)),
          secret(std::move(secret_in)),
          passwords({.memory_kib = config.password_memory_kib, .passes = config.password_passes}),
          readers(8),
          sign_ins(2),
          table_users(16),
          writers(config.workers) {}

    Result<void> start();
    bookstore::Response answer(const bookstore::Request& request, Site* writer);
    Site* elsewhere();
    Site* writer_for_reads();
    io::HttpResponse health() const;
    io::HttpResponse metrics() const;
    std::string writer_name() const;

    static io::Task<io::HttpResponse> serve(Impl* self, io::HttpRequest http);
    static io::Task<bookstore::Response> write(Impl* self, Attempt attempt, Route* route);
    static io::Task<bookstore::Response> on(Impl* self, Attempt attempt, Site* writer);
    io::BlockingPool* pool_for(Kind kind);

    io::Executor executor;
    GatewayConfig config;
    Secret secret;
    std::optional<io::LeasePage> page;
    std::vector<std::unique_ptr<Site>> sites;  // ours first
    std::unique_ptr<bookstore::HttpPayments> payments;
    std::unique_ptr<bookstore::TablePorts> tables;
    std::unique_ptr<FunctionCalls> functions;  // null: everything is answered here
    bookstore::SystemClock clock;
    bookstore::SystemRandom random;
    bookstore::Argon2Passwords passwords;
    Counters counters;
    std::atomic<std::size_t> in_progress = 0;
    std::size_t writes_waiting = 0;  // the loop's thread only
    io::BlockingPool readers;
    io::BlockingPool sign_ins;
    io::BlockingPool table_users;
    io::BlockingPool writers;
    std::unique_ptr<io::HttpServer> server;
    std::vector<std::jthread> watchers;  // last: stopped before what they look at goes
};

Result<void> Gateway::Impl::start() {
    const auto listen = io::Endpoint::parse(config.listen);
    if (!listen) return fail("gateway.bad-config", "listen: " + listen.error().message);
    bookstore::HttpPayments::Options processors;
    for (std::size_t i = 0; i < config.processors.size(); ++i) {
        const auto endpoint = io::Endpoint::parse(config.processors[i]);
        if (!endpoint) return fail("gateway.bad-config", "processors: " + endpoint.error().message);
        if (i == 0) processors.primary = *endpoint;
        processors.backup = *endpoint;
    }
    payments = std::make_unique<bookstore::HttpPayments>(executor, processors);
    bookstore::TablePorts::Options table_servers{.servers = {}, .credentials = secret.tables};
    for (const auto& place : config.tables) {
        const auto endpoint = io::Endpoint::parse(place.address);
        if (!endpoint) return fail("gateway.bad-config", "tables: " + endpoint.error().message);
        const auto where = place.region == config.region ? table_servers.servers.begin() : table_servers.servers.end();
        table_servers.servers.insert(where, {.region = place.region, .endpoint = *endpoint});
    }
    tables = std::make_unique<bookstore::TablePorts>(executor, std::move(table_servers));
    if (!config.functions_address.empty()) {
        const auto host = io::Endpoint::parse(config.functions_address);
        if (!host) return fail("gateway.bad-config", "functions: address: " + host.error().message);
        functions = std::make_unique<FunctionCalls>(
            executor, FunctionCalls::Options{.host = *host, .region = config.region, .credentials = secret.functions}
        );
    }
    auto opened = io::LeasePage::open(config.lease_page);
    if (!opened) return fail(opened.error());
    page.emplace(std::move(*opened));

    bookstore::PostgresOptions options;
    options.database = config.database_name;
    options.user = config.database_user;
    options.password = secret.database_password;
    options.application = "gateway " + config.region;
    options.connections_max = config.workers + 10;
    for (const bool ours : {true, false}) {
        for (const auto& database : config.databases) {
            if ((database.region == config.region) != ours) continue;
            bookstore::PostgresServer address{
                .region = database.region,
                .host = database.host,
                .port = database.port,
                .certificate_name = database.certificate_name,
                .ca_file = database.ca_file,
            };
            sites.push_back(std::make_unique<Site>(std::move(address), options));
        }
    }

    io::HttpServer::Options http;
    http.listen = *listen;
    http.body_bytes_max = 64 << 10;
    http.server_name = "cloudshelf-gateway";
    server = std::make_unique<io::HttpServer>(executor, http, [this](io::HttpRequest request) {
        return serve(this, std::move(request));
    });
    auto started = server->start();
    if (!started) return started;
    for (auto& site : sites) {
        watchers.emplace_back([this, &site = *site](const std::stop_token& stopping) {
            std::mutex mutex;
            std::condition_variable_any wake;
            while (!stopping.stop_requested()) {
                const auto role = site.pool.role(300ms);
                const bool was_up = site.up;
                site.primary = role && *role == bookstore::PostgresPool::Role::primary;
                site.up = role.has_value();
                // Sessions opened now, on a standby too, are ready when it becomes the writer.
                if (role) [[maybe_unused]]
                    const auto warm = site.pool.warm(&site == sites.front().get() ? 8 : 2);
                if (was_up != site.up) {
                    io::log(
                        site.up ? io::Level::info : io::Level::warning,
                        site.up ? "gateway.database-up" : "gateway.database-down",
                        {{"database", site.pool.region()}}
                    );
                }
                std::unique_lock lock(mutex);
                wake.wait_for(lock, stopping, watch_interval, [] { return false; });
            }
        });
    }
    return {};
}

Site* Gateway::Impl::elsewhere() {
    Site* any = nullptr;
    for (auto& site : sites) {
        if (site->pool.region() == config.region) continue;
        if (site->up && site->primary) return site.get();
        if (any == nullptr) any = site.get();
    }
    return any;
}

Site* Gateway::Impl::writer_for_reads() {
    for (auto& site : sites) {
        if (site->up && site->primary) return site.get();
    }
    return nullptr;
}

std::string Gateway::Impl::writer_name() const {
    const auto view = page->read();
    const auto verdict = gate(view, io::now());
    if (verdict == Gate::here) return config.region;
    if (verdict != Gate::elsewhere) return {};
    for (const auto& site : sites) {
        if (site->pool.region() != config.region && site->primary) return site->pool.region();
    }
    return {};
}

bookstore::Response Gateway::Impl::answer(const bookstore::Request& request, Site* writer) {
    std::vector<bookstore::PostgresPool*> order;
    for (const bool up : {true, false}) {
        for (auto& site : sites) {
            if (site->up == up) order.push_back(&site->pool);
        }
    }
    bookstore::PostgresDatabase database(writer != nullptr ? &writer->pool : nullptr, std::move(order));
    bookstore::Ports ports{
        .database = database,
        .payments = *payments,
        .clock = clock,
        .random = random,
        .passwords = passwords,
        .secrets = secret.sessions,
        .carts = *tables,
        .sessions = *tables
    };
    try {
        return bookstore::handle(request, ports);
    } catch (const std::exception& failed) {
        io::log(io::Level::error, "gateway.handler-failed", {{"path", request.path}, {"what", failed.what()}});
        return bookstore::refusal(500, "internal", "something went wrong here");
    }
}

io::BlockingPool* Gateway::Impl::pool_for(Kind kind) {
    switch (kind) {
        case Kind::write:
            return &writers;
        case Kind::table:
            return &table_users;
        case Kind::sign_in:
            return &sign_ins;
        case Kind::read:
            break;
    }
    return &readers;
}

/// By a function where there is one for this path, else by our own process.
io::Task<bookstore::Response> Gateway::Impl::on(Impl* self, Attempt attempt, Site* writer) {
    if (!attempt.function.empty()) {
        attempt.writer = writer != nullptr ? writer->pool.region() : "";
        return self->functions->answer(std::move(attempt));
    }
    auto* const pool = self->pool_for(attempt.kind);
    return pool->run([self, writer, owned = std::move(attempt.request)] { return self->answer(owned, writer); });
}

io::Task<bookstore::Response> Gateway::Impl::write(Impl* self, Attempt attempt, Route* route) {
    auto& request = attempt.request;
    request.attempt_id = self->random.uuid();
    // Ours, when the customer sent none: it lets us try again after a commit without an answer.
    const bool needs_one = request.path == "/orders" || request.path == "/payments";
    if (request.idempotency_key.empty() && !needs_one) request.idempotency_key = "gateway-" + request.attempt_id;

    const auto hold_until = io::Deadline::after(hold_limit);
    std::optional<io::Deadline> retry_until;
    std::optional<bookstore::Response> in_doubt;  // an attempt of this request may have had its effect
    bool held = false;
    for (Duration pause = 5ms;; pause = std::min<Duration>(pause * 2, 50ms)) {
        const auto view = self->page->read();
        const auto verdict = gate(view, io::now());
        if (verdict == Gate::hold && !hold_until.passed()) {
            if (!held) ++self->counters.held;
            held = true;
            pause = 2500us;
            co_await io::wait_for(5ms);
            continue;
        }
        if (verdict == Gate::hold || verdict == Gate::refuse) {
            if (in_doubt) co_return std::move(*in_doubt);
            ++self->counters.fenced;
            co_return write_fenced("this region may not write at the moment; nothing was done, send it again");
        }
        Site* const writer = verdict == Gate::here ? self->sites.front().get() : self->elsewhere();
        *route = {.writer = writer != nullptr ? writer->pool.region() : "", .epoch = view.epoch.value()};
        auto response = co_await on(self, attempt, writer);
        if (response.outcome == Outcome::answered) co_return response;
        if (response.outcome == Outcome::unknown) in_doubt = response;
        if (!retry_until) retry_until = io::Deadline::after(retry_limit);
        if (retry_until->passed()) {
            if (in_doubt) co_return std::move(*in_doubt);
            co_return response;
        }
        ++self->counters.retried;
        co_await io::wait_for(pause);
    }
}

io::Task<io::HttpResponse> Gateway::Impl::serve(Impl* self, io::HttpRequest http) {
    const auto began = io::now();
    const std::string path(http.path());
    if (path == "/health") co_return self->health();
    if (path == "/metrics") co_return self->metrics();
    auto request = translate(http);
    if (!request) co_return io::HttpResponse::error(400, "bad-target", "expected a path, with a query if need be");
    const auto kind = bookstore::kind_of(*request);
    const std::string method = request->method;
    Attempt attempt{.http = {}, .request = std::move(*request), .kind = kind, .function = {}, .writer = {}};
    if (const auto* to = route_of(self->config.function_routes, path)) {
        attempt.function = to->function;
        attempt.http = std::make_shared<const io::HttpRequest>(std::move(http));
    }
    Route route;
    bookstore::Response response;
    ++self->in_progress;
    if (kind == Kind::write && self->writes_waiting >= writes_waiting_max) {
        response = bookstore::refusal(503, "busy", "too many writes are waiting; nothing was done, send it again");
        response.headers.emplace_back("Retry-After", "1");
    } else if (kind == Kind::write) {
        ++self->writes_waiting;
        response = co_await write(self, std::move(attempt), &route);
        --self->writes_waiting;
    } else {
        response = co_await on(self, std::move(attempt), self->writer_for_reads());
    }
    --self->in_progress;

    if (response.outcome == Outcome::unknown) ++self->counters.unknown;
    ++self->counters.answers[static_cast<std::size_t>(response.status / 100) % 6];
    io::HttpResponse answer;
    answer.status = response.status;
    answer.body = std::move(response.body);
    answer.headers = std::move(response.headers);
    answer.headers.emplace_back("Content-Type", "application/json");
    answer.headers.emplace_back("X-CloudShelf-Region", self->config.region);
    if (!route.writer.empty()) {
        answer.headers.emplace_back("X-CloudShelf-Writer", route.writer);
        answer.headers.emplace_back("X-CloudShelf-Epoch", std::to_string(route.epoch));
    }
    if (self->config.access_log) {
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(io::now() - began).count();
        io::log(
            io::Level::info,
            "gateway.request",
            {{"method", method},
             {"path", path},
             {"status", std::to_string(answer.status)},
             {"ms", fmt::format("{:.1f}", static_cast<double>(took) / 1000)},
             {"writer", route.writer}}
        );
    }
    co_return answer;
}

io::HttpResponse Gateway::Impl::health() const {
    const auto& local = *sites.front();
    const auto verdict = gate(page->read(), io::now());
    const char* writes = "fenced";
    if (verdict == Gate::here) writes = local.up && local.primary ? "open" : "starting";
    if (verdict == Gate::elsewhere) writes = "remote";
    if (verdict == Gate::hold) writes = "paused";
    const char* const database = !local.up ? "unreachable" : local.primary ? "primary" : "standby";
    const auto writer = writer_name();
    const json::object body{
        {"status", local.up ? "ok" : "failing"},
        {"region", config.region},
        {"writer", writer.empty() ? json::value(nullptr) : json::value(writer)},
        {"checks", {{"database", database}, {"writes", writes}}}
    };
    auto answer = io::HttpResponse::json(local.up ? 200 : 503, json::serialize(body));
    answer.headers.emplace_back("X-CloudShelf-Region", config.region);
    return answer;
}

io::HttpResponse Gateway::Impl::metrics() const {
    std::string text;
    const auto add = [&](std::string_view name, std::string_view kind, std::string_view labels, std::uint64_t value) {
        if (!text.contains(fmt::format("# TYPE {} ", name))) text += fmt::format("# TYPE {} {}\n", name, kind);
        text += fmt::format("{}{} {}\n", name, labels, value);
    };
    for (std::size_t digit = 2; digit < counters.answers.size(); ++digit) {
        add("cloudshelf_gateway_responses_total",
            "counter",
            fmt::format("{{class=\"{}xx\"}}", digit),
            counters.answers[digit]);
    }
    add("cloudshelf_gateway_writes_held_total", "counter", "", counters.held);
    add("cloudshelf_gateway_writes_retried_total", "counter", "", counters.retried);
    add("cloudshelf_gateway_writes_fenced_total", "counter", "", counters.fenced);
    add("cloudshelf_gateway_outcomes_unknown_total", "counter", "", counters.unknown);
    add("cloudshelf_gateway_requests_in_progress", "gauge", "", in_progress);
    if (!config.tables.empty()) {
        add("cloudshelf_gateway_tables_up", "gauge", "", tables->ours_answer() ? 1 : 0);
        add("cloudshelf_gateway_tables_answered_elsewhere_total", "counter", "", tables->answered_elsewhere());
        add("cloudshelf_gateway_tables_unanswered_total", "counter", "", tables->unanswered());
    }
    for (const auto& site : sites) {
        add("cloudshelf_gateway_database_up",
            "gauge",
            fmt::format("{{region=\"{}\"}}", site->pool.region()),
            site->up ? 1 : 0);
    }
    return io::HttpResponse::text(200, text);
}

Gateway::Gateway(io::Executor executor, GatewayConfig config, Secret secret)
    : impl_(std::make_unique<Impl>(std::move(executor), std::move(config), std::move(secret))) {}
Gateway::~Gateway() = default;

Result<void> Gateway::start() {
    return impl_->start();
}

io::Task<bool> Gateway::stop(io::Deadline deadline) {
    co_await impl_->server->stop(deadline);
    co_return impl_->in_progress == 0;
}

}  // namespace cloudshelf::region
