#include "region/gateway/main.hpp"

#include "bookstore/catalogue.hpp"
#include "bookstore/postgres_database.hpp"
#include "bookstore/tables/table_setup.hpp"
#include "bookstore/tokens.hpp"
#include "drivers/tables/key_file.hpp"
#include "io/file.hpp"
#include "io/log.hpp"
#include "region/gateway/config.hpp"
#include "region/gateway/gateway.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace cloudshelf::region {

namespace {

int complain(int status, std::string_view message) {
    fmt::print(stderr, "cloudshelf-region gateway: {}\n", message);
    return status;
}

Result<Gateway::Secret> read_secret(const GatewayConfig& config) {
    Gateway::Secret secret;
    if (!config.password_file.empty()) {
        const auto password = io::read_file(config.password_file, 4096);
        if (!password) return fail(password.error());
        secret.database_password = password->substr(0, password->find_first_of("\r\n"));
    }
    const auto keys = io::read_file(config.session_key_file, 4096);
    if (!keys) return fail(keys.error());
    auto sessions = bookstore::parse_session_keys(*keys);
    if (!sessions) return fail(sessions.error());
    secret.sessions = std::move(*sessions);
    if (!config.tables.empty()) {
        auto key = tables_client::read_key_file(config.tables_credentials_file);
        if (!key) return fail(key.error());
        secret.tables = std::move(*key);
    }
    if (!config.functions_address.empty()) {
        auto key = tables_client::read_key_file(config.functions_credentials_file);
        if (!key) return fail(key.error());
        secret.functions = std::move(*key);
    }
    return secret;
}

/// Schema and catalogue, into the database of our region.
int prepare(const GatewayConfig& config, const Gateway::Secret& secret) {
    bookstore::PostgresOptions options;
    options.database = config.database_name;
    options.user = config.database_user;
    options.password = secret.database_password;
    options.application = "gateway --prepare";
    options.connect_limit = std::chrono::seconds(5);
    options.statement_limit = std::chrono::seconds(30);
    for (const auto& server : config.databases) {
        if (server.region != config.region) continue;
        bookstore::PostgresPool pool({.region = server.region, .host = server.host, .port = server.port}, options);
        const auto migrated = bookstore::schema_migrate(pool);
        if (!migrated) return complain(1, "the schema: " + migrated.error().message);
        bookstore::PostgresDatabase database(&pool, {});
        const auto loaded = bookstore::load_shipped_catalogue(database);
        if (!loaded) return complain(1, "the catalogue: " + loaded.error().message);
        fmt::print("schema up to date, {} books in the catalogue\n", loaded->kept);
    }
    return 0;
}

/// The bookstore's tables, made in our region with replicas in the others, by a key that may do so.
int prepare_tables(const GatewayConfig& config, const std::filesystem::path& key_file) {
    auto key = tables_client::read_key_file(key_file);
    if (!key) return complain(2, key.error().message);
    boost::asio::io_context loop(1);
    std::optional<tables_client::Client> client;
    std::vector<std::string> others;
    for (const auto& server : config.tables) {
        if (server.region != config.region) {
            others.push_back(server.region);
            continue;
        }
        const auto endpoint = io::Endpoint::parse(server.address);
        if (!endpoint) return complain(2, "tables: " + endpoint.error().message);
        client.emplace(
            loop.get_executor(),
            tables_client::Client::Options{.endpoint = *endpoint, .region = server.region, .credentials = *key}
        );
    }
    if (!client) return complain(2, "the configuration names no tables");
    Result<void> done;
    boost::asio::co_spawn(
        loop,
        bookstore::set_up_tables(&*client, std::move(others), io::Deadline::after(std::chrono::seconds(20))),
        [&](std::exception_ptr failed, Result<void> result) {
            done = failed ? fail("tables.failed", "a bug") : std::move(result);
            loop.stop();
        }
    );
    loop.run();
    if (!done) return complain(1, fmt::format("the tables: {}: {}", done.error().code, done.error().message));
    fmt::print("tables of carts and sessions up to date\n");
    return 0;
}

io::Task<void> end(Gateway* gateway, boost::asio::io_context* loop, bool* drained) {
    *drained = co_await gateway->stop(io::Deadline::after(std::chrono::seconds(5)));
    loop->stop();
}

}  // namespace

int gateway_main(std::span<const std::string> arguments) {
    std::filesystem::path file;
    std::filesystem::path tables_key;
    bool preparing = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--config" && i + 1 < arguments.size()) {
            file = arguments[++i];
        } else if (arguments[i] == "--prepare-tables" && i + 1 < arguments.size()) {
            tables_key = arguments[++i];
        } else if (arguments[i] == "--prepare") {
            preparing = true;
        } else {
            return complain(
                2,
                fmt::format("\"{}\": expected --config FILE [--prepare] [--prepare-tables CREDENTIALS]", arguments[i])
            );
        }
    }
    if (file.empty()) return complain(2, "expected --config FILE [--prepare]");
    const auto text = io::read_file(file, 1 << 20);
    if (!text) return complain(2, text.error().message);
    auto config = parse_gateway_config(*text);
    if (!config) return complain(2, fmt::format("{}: {}", file.string(), config.error().message));
    if (!tables_key.empty()) return prepare_tables(*config, tables_key);
    auto secret = read_secret(*config);
    if (!secret) return complain(2, secret.error().message);
    if (preparing) return prepare(*config, *secret);

    static std::string region;  // log lines keep a view of it
    region = config->region;
    io::log_identity({{"program", "gateway"}, {"region", region}});
    std::signal(SIGPIPE, SIG_IGN);
    boost::asio::io_context loop(1);
    std::optional<Gateway> gateway(std::in_place, loop.get_executor(), std::move(*config), std::move(*secret));
    const auto started = gateway->start();
    if (!started) return complain(started.error().code == "gateway.bad-config" ? 2 : 1, started.error().message);
    bool drained = false;
    boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
    signals.async_wait([&](boost::system::error_code failed, int) {
        if (failed) return;
        boost::asio::co_spawn(loop, end(&*gateway, &loop, &drained), boost::asio::detached);
    });
    loop.run();
    // Handlers that did not end in time still hold threads, which nobody could wait for.
    if (!drained) std::_Exit(0);
    return 0;
}

}  // namespace cloudshelf::region
