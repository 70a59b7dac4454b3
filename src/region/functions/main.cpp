#include "region/functions/main.hpp"

#include "io/log.hpp"
#include "io/signals.hpp"
#include "region/environments/host.hpp"
#include "region/functions/metrics_page.hpp"
#include "region/functions/service.hpp"
#include "region/program/arguments.hpp"
#include "region/program/lives.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <unistd.h>
#include <utility>

namespace cloudshelf::functions {
namespace {

constexpr std::string_view help = R"(cloudshelf-region functions: functions with Lambda's API

  --listen ADDRESS:PORT          where requests are answered
  --region REGION                the name of this region, which clients sign for
  --data DIR                     everything is kept here; made when it is not there
  --credentials FILE             who may do what: AWS's credentials file, several profiles; per profile
                                 cloudshelf_permissions = read | write | admin (absent: admin); write may invoke
  --objects http://ADDRESS:PORT  a service with S3's API: packages from it, records of failed events to it
  --tables http://ADDRESS:PORT   a service with DynamoDB's API: streams that functions are mapped to
  --profile NAME                 which of the profiles we are to those services (the only one, where there is one)
  --concurrency N                environments at work at once, of all functions together (100)
  --retry-seconds N              how long a failed event waits; after the second failure twice as long (60)
  --sync on|off                  off: a power cut may lose the last changes and events (on)

A region alone, and the same for any Lambda client:

  cloudshelf-region functions --listen 127.1.0.1:9001 --region us-east-1 --data /var/lib/cloudshelf/functions \
      --credentials /etc/cloudshelf/credentials
  aws --endpoint-url http://127.1.0.1:9001 --region us-east-1 lambda create-function --function-name carts \
      --runtime provided.al2023 --handler bootstrap --role arn:aws:iam::000000000000:role/functions \
      --zip-file fileb://carts.zip
  aws --endpoint-url http://127.1.0.1:9001 --region us-east-1 lambda invoke --function-name carts answer.json

With packages out of buckets:

  cloudshelf-region functions --listen 127.1.0.1:9001 --region us-east-1 --data functions --credentials keys \
      --objects http://127.1.0.1:9000 --profile functions

GET /-/health and GET /-/metrics ask for no signature. SIGTERM ends it when requests in progress are answered.
Exit status: 0 ended as asked, 1 something failed, 2 wrong arguments or configuration.
)";

using program::bad_argument;

int complain(int status, std::string_view message) {
    fmt::print(stderr, "cloudshelf-region functions: {}\n", message);
    return status;
}

Result<io::Endpoint> read_url(std::string_view name, std::string_view text) {
    constexpr std::string_view scheme = "http://";
    if (!text.starts_with(scheme))
        return fail(bad_argument(fmt::format("{} {}: expected http://ADDRESS:PORT", name, text)));
    text.remove_prefix(scheme.size());
    if (text.ends_with('/')) text.remove_suffix(1);
    return program::read_endpoint(name, text);
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
    } else if (name == "--objects") {
        auto endpoint = read_url(name, value);
        if (!endpoint) return fail(endpoint.error());
        options.objects = std::move(*endpoint);
    } else if (name == "--tables") {
        auto endpoint = read_url(name, value);
        if (!endpoint) return fail(endpoint.error());
        options.tables = std::move(*endpoint);
    } else if (name == "--profile") {
        options.profile = value;
    } else if (name == "--concurrency") {
        const auto number = program::read_number(name, value);
        if (!number) return fail(number.error());
        options.concurrency = static_cast<std::size_t>(*number);
    } else if (name == "--retry-seconds") {
        const auto seconds = program::read_number(name, value);
        if (!seconds) return fail(seconds.error());
        options.retry = std::chrono::seconds(*seconds);
    } else if (name == "--sync") {
        const auto on = program::read_switch(name, value);
        if (!on) return fail(on.error());
        options.sync = *on ? changelog::Sync::on : changelog::Sync::off;
    } else {
        return fail(bad_argument(fmt::format("\"{}\" is not known; see --help", name)));
    }
    return {};
}

/// Who we are to other services has to be said where there are several.
Result<void> choose_profile(ServiceOptions& options) {
    if (!options.objects && !options.tables) return {};
    std::set<std::string> profiles;
    for (const auto& [id, key] : options.keyring) profiles.insert(key.profile);
    if (options.profile.empty() && profiles.size() == 1) options.profile = *profiles.begin();
    if (profiles.contains(options.profile)) return {};
    return fail(bad_argument(fmt::format(
        "--profile {}: expected one of the profiles in --credentials, for --objects and --tables", options.profile
    )));
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
    if (auto chosen = choose_profile(options); !chosen) return fail(chosen.error());
    return options;
}

/// The service in one of its lives.
class FunctionsLife : public program::Life {
public:
    FunctionsLife(io::Executor executor, ServiceOptions options, MakeRunner make_runner)
        : service_(std::move(executor), std::move(options), std::move(make_runner)) {}
    io::Task<Result<void>> start() override { return service_.start(); }
    io::Task<void> stop(io::Deadline deadline) override { return service_.stop(deadline); }
    bool wants_to_start_anew() const override { return service_.wants_to_start_anew(); }
    std::uint16_t port() const override { return service_.port(); }

private:
    Service service_;
};

/// The users of environments, as root: no other program uses them (HostOptions::users_first). Each service has a range
/// of its own, by the folder that it alone has, so that several may run on one machine.
uid_t users_first_of(const std::filesystem::path& folder) {
    constexpr uid_t first = 0x60000000;
    constexpr uid_t ranges = 4096;
    std::uint32_t mixed = 2166136261;  // FNV-1a
    for (const char c : std::filesystem::weakly_canonical(folder).string())
        mixed = (mixed ^ static_cast<unsigned char>(c)) * 16777619;
    return first + mixed % ranges * 4096;
}

/// Functions run as users of their own, who have to get to their packages.
Result<void> check_reachable(const std::filesystem::path& folder) {
    std::error_code failed;
    for (auto at = std::filesystem::weakly_canonical(folder, failed); at.has_relative_path(); at = at.parent_path()) {
        const auto status = std::filesystem::status(at, failed);
        if (failed || !std::filesystem::exists(status)) continue;  // made later, open to all
        if ((status.permissions() & std::filesystem::perms::others_exec) != std::filesystem::perms::none) continue;
        return fail(
            "functions.folder",
            fmt::format(
                "--data {}: functions run as users of their own, and {} lets nobody else in: chmod o+x, or another "
                "folder",
                folder.string(),
                at.string()
            )
        );
    }
    return {};
}

/// What runs the functions: processes of this machine.
Result<RunnerInUse> make_environments(const RunnerTerms& terms) {
    HostOptions options;
    options.folder = terms.folder;
    options.region = terms.region.value();
    options.environments_max = terms.concurrency;
    if (::geteuid() == 0) {
        if (auto reachable = check_reachable(terms.folder.parent_path()); !reachable) return fail(reachable.error());
        options.users_first = users_first_of(terms.folder);
    }
    auto host = Host::open(terms.executor, options);
    if (!host) return fail(host.error());
    return RunnerInUse{
        .runner = *host,
        .stop = [host = *host](io::Deadline deadline) { return host->stop(deadline); },
        .append_metrics = [host = *host](std::string& to) { append_environment_metrics(to, host->metrics()); },
    };
}

}  // namespace

int functions_main(std::span<const std::string> arguments) {
    return functions_main(arguments, make_environments);
}

int functions_main(std::span<const std::string> arguments, MakeRunner make_runner) {
    if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
        fmt::print("{}", help);
        return 0;
    }
    auto options = read_arguments(arguments);
    if (!options) return complain(2, options.error().message);
    static std::string region;  // log lines keep a view of it
    region = options->region.value();
    io::log_identity({{"program", "functions"}, {"region", region}});
    const auto make = [options = std::move(*options), make_runner](io::Executor executor) {
        return std::make_unique<FunctionsLife>(std::move(executor), options, make_runner);
    };
    return io::run_program(program::run_lives("functions", make));
}

}  // namespace cloudshelf::functions
