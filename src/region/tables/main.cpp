#include "region/tables/main.hpp"

#include "io/log.hpp"
#include "io/signals.hpp"
#include "region/program/arguments.hpp"
#include "region/program/lives.hpp"
#include "region/tables/service.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

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

using program::bad_argument;

int complain(int status, std::string_view message) {
    fmt::print(stderr, "cloudshelf-region tables: {}\n", message);
    return status;
}

/// One `--name value`.
Result<void> read_option(ServiceOptions& options, std::string_view name, const std::string& value) {
    if (name == "--listen") {
        auto endpoint = program::read_endpoint(name, value);
        if (!endpoint) return fail(endpoint.error());
        options.listen = std::move(*endpoint);
    } else if (name == "--region") {
        options.region = RegionName(value);
    } else if (name == "--data") {
        options.data = value;
    } else if (name == "--credentials") {
        auto keyring = program::read_keyring(value);
        if (!keyring) return fail(keyring.error());
        options.keyring = std::move(*keyring);
    } else if (name == "--peer") {
        auto peer = program::read_peer(value);
        if (!peer) return fail(peer.error());
        options.peers.push_back(std::move(*peer));
    } else if (name == "--log-secret") {
        auto secret = program::read_secret(value);
        if (!secret) return fail(secret.error());
        options.log_secret = std::move(*secret);
    } else if (name == "--ttl-scan-seconds") {
        const auto seconds = program::read_number(name, value);
        if (!seconds) return fail(seconds.error());
        options.ttl_scan = std::chrono::seconds(*seconds);
    } else if (name == "--sync") {
        const auto on = program::read_switch(name, value);
        if (!on) return fail(on.error());
        options.sync = *on ? changelog::Sync::on : changelog::Sync::off;
    } else {
        return fail(bad_argument(fmt::format("\"{}\" is not known; see --help", name)));
    }
    return {};
}

Result<ServiceOptions> read_arguments(std::span<const std::string> arguments) {
    ServiceOptions options;
    const auto take = [&options](std::string_view name, const std::string& value) {
        return read_option(options, name, value);
    };
    if (auto read = program::read_pairs(arguments, take); !read) return fail(read.error());
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

/// The service in one of its lives.
class TablesLife : public program::Life {
public:
    TablesLife(io::Executor executor, ServiceOptions options) : service_(std::move(executor), std::move(options)) {}
    io::Task<Result<void>> start() override { return service_.start(); }
    io::Task<void> stop(io::Deadline deadline) override { return service_.stop(deadline); }
    bool wants_to_start_anew() const override { return service_.wants_to_start_anew(); }
    std::uint16_t port() const override { return service_.port(); }

private:
    Service service_;
};

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
    const auto make = [options = std::move(*options)](io::Executor executor) {
        return std::make_unique<TablesLife>(std::move(executor), options);
    };
    return io::run_program(program::run_lives("tables", make));
}

}  // namespace cloudshelf::tables
