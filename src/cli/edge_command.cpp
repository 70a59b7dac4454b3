// edge: nginx in front of the static site's buckets, in the foreground.
#include "cli/command.hpp"
#include "drivers/edge/edge.hpp"
#include "io/config_reader.hpp"
#include "io/log.hpp"
#include "io/signals.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <CLI/CLI.hpp>
#include <memory>

namespace cloudshelf::cli {
namespace {

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
    return options;
}

struct End {
    explicit End(const io::Executor& executor) : bell(executor) {}
    bool asked = false;
    boost::asio::steady_timer bell;
};

io::Task<void> wait_for_end(std::shared_ptr<End> end) {
    co_await io::asked_to_end();
    end->asked = true;
    end->bell.cancel();
}

/// nginx as long as nobody asks for the end; started again when it dies.
io::Task<int> run_edge(edge::EdgeOptions options) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto end = std::make_shared<End>(executor);
    boost::asio::co_spawn(executor, wait_for_end(end), boost::asio::detached);
    edge::Edge edge(std::move(options));
    const auto started = edge.start(io::Deadline::after(start_limit));
    if (!started) co_return report(started.error(), {});
    io::log(io::Level::info, "edge.listening", {{"address", edge.options().address}});
    while (!end->asked) {
        boost::system::error_code ignored;
        end->bell.expires_after(look_every);
        co_await end->bell.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        if (end->asked || edge.running()) continue;
        const auto again = edge.start(io::Deadline::after(start_limit));
        io::log(io::Level::warning, "edge.started-anew", {{"why", again ? "it ended" : again.error().message}});
    }
    edge.stop(io::Deadline::after(stop_limit));
    co_return ok;
}

}  // namespace

void add_edge(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("edge", "nginx in front of the static site's buckets, in the foreground");
    auto config = std::make_shared<std::filesystem::path>();
    command->add_option("--config", *config, "its configuration, JSON: docs/operations/edge.md")->required();
    command->footer("Example: cloudshelf edge --config /etc/cloudshelf/edge.json");
    command->callback([=, &status] {
        auto options = io::config::load(*config, "edge.bad-config", read_options);
        status = options ? io::run_program(run_edge(std::move(*options))) : report(options.error(), {});
    });
}

}  // namespace cloudshelf::cli
