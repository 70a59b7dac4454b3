// edge: nginx in front of the static site's buckets, in the foreground.
#include "cli/command.hpp"
#include "cli/restart_pacing.hpp"
#include "drivers/edge/edge.hpp"
#include "io/config_reader.hpp"
#include "io/log.hpp"
#include "io/signals.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

namespace cloudshelf::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Duration start_limit = 10s;
constexpr Duration stop_limit = 5s;
constexpr Duration look_every = 500ms;

edge::Origin read_origin(const json::value& config) {
    return {.endpoint = io::config::endpoint(config, "endpoint"), .host = io::config::text(config, "host")};
}

edge::EdgeOptions read_options(const json::value& config) {
    edge::EdgeOptions options{
        .folder = io::config::text(config, "folder"),
        .address = io::config::text(config, "address"),
        .http_port = io::config::number<std::uint16_t>(config, "http_port"),
        .server_name = io::config::text(config, "server_name"),
        .primary = read_origin(io::config::member(config, "primary")),
        .replica = read_origin(io::config::member(config, "replica")),
    };
    if (config.as_object().contains("certificate_file")) {
        options.tls_port = io::config::number<std::uint16_t>(config, "tls_port");
        options.certificate = edge::EdgeCertificate{
            .certificate_file = io::config::text(config, "certificate_file"),
            .key_file = io::config::text(config, "key_file")
        };
    }
    options.failover_statuses.clear();
    for (const auto& status : io::config::list(config, "failover_statuses"))
        options.failover_statuses.push_back(status.to_number<int>());
    options.connect_timeout = io::config::ms(config, "connect_timeout_ms");
    options.read_timeout = io::config::ms(config, "read_timeout_ms");
    options.dead_for = io::config::ms(config, "dead_for_ms");
    if (config.as_object().contains("refresh_secret_file"))
        options.refresh_secret_file = io::config::text(config, "refresh_secret_file");
    if (config.as_object().contains("content_security_policy"))
        options.content_security_policy = io::config::text(config, "content_security_policy");
    if (config.as_object().contains("cache_size")) options.cache_size = io::config::text(config, "cache_size");
    return options;
}

Result<edge::EdgeOptions> load_options(const fs::path& config) {
    return io::config::load(config, "edge.bad-config", read_options);
}

/// What people ask of it, by signals: noted from the beginning, so that none ends us half-way through a start.
struct Orders {
    explicit Orders(const io::Executor& executor) : signals(executor, SIGINT, SIGTERM, SIGHUP), bell(executor) {}
    boost::asio::signal_set signals;
    boost::asio::steady_timer bell;  // cancelled when there is a new one
    bool end = false;
    bool reload = false;
};

io::Task<void> take_orders(std::shared_ptr<Orders> orders) {
    while (!orders->end) {
        const int signal = co_await orders->signals.async_wait(boost::asio::use_awaitable);
        (signal == SIGHUP ? orders->reload : orders->end) = true;
        orders->bell.cancel();
    }
}

/// nginx, kept running.
class KeptEdge {
public:
    explicit KeptEdge(edge::EdgeOptions options) : pacing_(io::now()) { edge_.emplace(std::move(options)); }

    Result<void> start() {
        const auto started = edge_->start(io::Deadline::after(start_limit));
        if (started) io::log(io::Level::info, "edge.listening", {{"address", edge_->options().address}});
        return started;
    }

    /// Starts it again when it has ended.
    void look() {
        if (edge_->running()) return;
        if (pacing_.ended(io::now())) io::log(io::Level::warning, "edge.ended", {});
        if (!pacing_.due(io::now())) return;
        const auto started = edge_->start(io::Deadline::after(start_limit));
        if (started) {
            pacing_.tried(io::now(), std::nullopt);
            io::log(io::Level::warning, "edge.started-anew", {});
        } else if (pacing_.tried(io::now(), started.error().message)) {
            io::log(io::Level::error, "edge.not-started", {{"why", started.error().message}});
        }
    }

    void reload(const fs::path& config) {
        auto options = load_options(config);
        if (!options) return not_reloaded(options.error());
        if (edge_->running()) {
            const auto done = edge_->reload(std::move(*options), io::Deadline::after(start_limit));
            if (!done) return not_reloaded(done.error());
        } else {
            edge_.emplace(std::move(*options));
            pacing_ = RestartPacing(io::now());  // it may start now
        }
        io::log(io::Level::info, "edge.reloaded", {});
    }

    void stop() { edge_->stop(io::Deadline::after(stop_limit)); }

private:
    static void not_reloaded(const Error& error) {
        io::log(io::Level::error, "edge.not-reloaded", {{"why", error.message}});
    }

    std::optional<edge::Edge> edge_;  // always there; another one when its options change while it is down
    RestartPacing pacing_;
};

/// nginx as long as nobody asks for the end.
io::Task<int> run_edge(edge::EdgeOptions options, fs::path config) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto orders = std::make_shared<Orders>(executor);
    boost::asio::co_spawn(executor, take_orders(orders), boost::asio::detached);
    KeptEdge edge(std::move(options));
    const auto started = edge.start();
    if (!started) co_return report(started.error(), {});
    while (!orders->end) {
        boost::system::error_code ignored;
        orders->bell.expires_after(look_every);
        co_await orders->bell.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        if (orders->end) break;
        if (std::exchange(orders->reload, false)) edge.reload(config);
        edge.look();
    }
    edge.stop();
    co_return ok;
}

}  // namespace

void add_edge(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("edge", "nginx in front of the static site's buckets, in the foreground");
    auto config = std::make_shared<fs::path>();
    command->add_option("--config", *config, "its configuration, JSON: docs/operations/edge.md")->required();
    command->footer(
        "SIGHUP reads the configuration again, SIGTERM and Ctrl-C end nginx too. Events go to stderr as lines of "
        "JSON.\n"
        "Example: cloudshelf edge --config /etc/cloudshelf/edge.json"
    );
    command->callback([=, &status] {
        auto options = load_options(*config);
        status = options ? io::run_program(run_edge(std::move(*options), *config)) : report(options.error(), {});
    });
}

}  // namespace cloudshelf::cli
