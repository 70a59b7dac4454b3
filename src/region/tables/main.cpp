#include "region/tables/main.hpp"

#include "io/background.hpp"
#include "io/file.hpp"
#include "io/log.hpp"
#include "io/signals.hpp"
#include "region/tables/service.hpp"
#include "wire/sigv4/credentials.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>

namespace cloudshelf::tables {
namespace {

constexpr std::string_view help = R"(cloudshelf-region tables: tables with DynamoDB's API, replicated between regions

  --listen ADDRESS:PORT          where requests are answered
  --region REGION                the name of this region, which clients sign for
  --data DIR                     everything is kept here; made when it is not there
  --credentials FILE             who may do what: AWS's credentials file, several profiles; per profile
                                 cloudshelf_permissions = read | write | admin (absent: admin)
  --peer REGION=http://ADDR:PORT another region's tables, to be followed; once for each
  --log-secret FILE              what regions show each other, in the file's first line
  --ttl-scan-seconds N           how often expired items are looked for (60)
  --sync on|off                  off: a power cut may lose the last writes (on)

A region alone, and the same for any DynamoDB client:

  cloudshelf-region tables --listen 127.1.0.1:8000 --region us-east-1 --data /var/lib/cloudshelf/tables \
      --credentials /etc/cloudshelf/credentials
  aws --endpoint-url http://127.1.0.1:8000 --region us-east-1 dynamodb list-tables

Two regions:

  cloudshelf-region tables --listen 127.1.0.1:8000 --region us-east-1 --data east --credentials keys \
      --peer us-west-2=http://127.2.0.1:8000 --log-secret secret
  cloudshelf-region tables --listen 127.2.0.1:8000 --region us-west-2 --data west --credentials keys \
      --peer us-east-1=http://127.1.0.1:8000 --log-secret secret

GET /health and GET /metrics ask for no signature. SIGTERM ends it when requests in progress are answered.
Exit status: 0 ended as asked, 1 something failed, 2 wrong arguments or configuration.
)";

constexpr std::size_t file_bytes_max = 1 << 20;

int complain(int status, std::string_view message) {
    fmt::print(stderr, "cloudshelf-region tables: {}\n", message);
    return status;
}

Error bad_argument(std::string message) {
    return {.code = "tables.bad-argument", .message = std::move(message)};
}

Result<Peer> read_peer(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    const auto equals = text.find('=');
    const auto wrong = [text] {
        return fail(bad_argument(fmt::format("--peer {}: expected REGION=http://ADDRESS:PORT", text)));
    };
    if (equals == 0 || equals == std::string_view::npos) return wrong();
    auto url = text.substr(equals + 1);
    if (!url.starts_with(scheme)) return wrong();
    url.remove_prefix(scheme.size());
    if (url.ends_with('/')) url.remove_suffix(1);
    auto endpoint = io::Endpoint::parse(url);
    if (!endpoint) return wrong();
    return Peer{.region = RegionName(std::string(text.substr(0, equals))), .endpoint = std::move(*endpoint)};
}

Result<std::chrono::seconds> read_seconds(std::string_view text) {
    int seconds = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (bad != std::errc() || end != text.data() + text.size() || seconds < 1) {
        return fail(bad_argument(fmt::format("--ttl-scan-seconds {}: expected a whole number from 1", text)));
    }
    return std::chrono::seconds(seconds);
}

/// One `--name value`.
Result<void> read_option(ServiceOptions& options, std::string_view name, const std::string& value) {
    if (name == "--listen") {
        auto endpoint = io::Endpoint::parse(value);
        if (!endpoint) return fail(endpoint.error());
        options.listen = std::move(*endpoint);
    } else if (name == "--region") {
        options.region = RegionName(value);
    } else if (name == "--data") {
        options.data = value;
    } else if (name == "--credentials") {
        const auto text = io::read_file(value, file_bytes_max);
        if (!text) return fail(text.error());
        auto keyring = sigv4::read_credentials(*text);
        if (!keyring) return fail(bad_argument(fmt::format("{}: {}", value, keyring.error().message)));
        options.keyring = std::move(*keyring);
    } else if (name == "--peer") {
        auto peer = read_peer(value);
        if (!peer) return fail(peer.error());
        options.peers.push_back(std::move(*peer));
    } else if (name == "--log-secret") {
        const auto text = io::read_file(value, file_bytes_max);
        if (!text) return fail(text.error());
        options.log_secret = text->substr(0, text->find_first_of("\r\n"));
        if (options.log_secret.empty()) return fail(bad_argument(fmt::format("{}: its first line is empty", value)));
    } else if (name == "--ttl-scan-seconds") {
        const auto seconds = read_seconds(value);
        if (!seconds) return fail(seconds.error());
        options.ttl_scan = *seconds;
    } else if (name == "--sync") {
        if (value != "on" && value != "off") return fail(bad_argument("--sync: expected on or off"));
        options.sync = value == "on" ? changelog::Sync::on : changelog::Sync::off;
    } else {
        return fail(bad_argument(fmt::format("\"{}\" is not known; see --help", name)));
    }
    return {};
}

Result<ServiceOptions> read_arguments(std::span<const std::string> arguments) {
    ServiceOptions options;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        if (i + 1 == arguments.size()) {
            return fail(bad_argument(fmt::format("\"{}\": a value is missing, or not known; see --help", arguments[i]))
            );
        }
        if (auto read = read_option(options, arguments[i], arguments[i + 1]); !read) return fail(read.error());
    }
    const std::pair<std::string_view, bool> needed[]{
        {"--listen", options.listen.address.empty()},
        {"--region", options.region.value().empty()},
        {"--data", options.data.empty()},
        {"--credentials", options.keyring.empty()},
    };
    for (const auto& [name, missing] : needed) {
        if (missing) return fail(bad_argument(fmt::format("{} is missing or empty; see --help", name)));
    }
    for (const auto& peer : options.peers) {
        if (peer.region == options.region) return fail(bad_argument("--peer: that is this region"));
    }
    return options;
}

constexpr Duration look_every = std::chrono::seconds(1);
constexpr Duration ending_limit = std::chrono::seconds(10);

/// Whether somebody asked the program to end, and a bell that rings then.
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

io::Task<void> pause(std::shared_ptr<End> end) {
    if (end->asked) co_return;
    boost::system::error_code ignored;
    end->bell.expires_after(look_every);
    co_await end->bell.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

/// One life of the service: until the program is to end, or the data has to be opened anew.
io::Task<Result<void>> serve(const ServiceOptions& options, std::shared_ptr<End> end) {
    Service service(co_await boost::asio::this_coro::executor, options);
    const auto started = co_await service.start();
    if (!started) co_return started;
    io::log(io::Level::info, "tables.listening", {{"port", std::to_string(service.port())}});
    while (!end->asked && !service.wants_to_start_anew()) co_await pause(end);
    co_await service.stop(io::Deadline::after(ending_limit));
    co_return Result<void>();
}

io::Task<int> run(ServiceOptions options) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto end = std::make_shared<End>(executor);
    io::run_in_background(executor, wait_for_end(end));
    const auto first = co_await serve(options, end);
    if (!first) co_return complain(1, fmt::format("{}: {}", first.error().code, first.error().message));
    while (!end->asked) {
        io::log(io::Level::warning, "tables.starting-anew", {});
        const auto served = co_await serve(options, end);
        if (served) continue;
        io::log(io::Level::error, "tables.not-started", {{"why", served.error().message}});
        co_await pause(end);
    }
    co_return 0;
}

}  // namespace

int tables_main(std::span<const std::string> arguments) {
    if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
        fmt::print("{}", help);
        return 0;
    }
    auto options = read_arguments(arguments);
    if (!options) return complain(2, options.error().message);
    static std::string region;  // log lines keep a view of it
    region = options->region.value();
    io::log_identity({{"program", "tables"}, {"region", region}});
    return io::run_program(run(std::move(*options)));
}

}  // namespace cloudshelf::tables
