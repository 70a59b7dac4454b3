#include "region/objects/main.hpp"

#include "io/log.hpp"
#include "io/signals.hpp"
#include "io/tls.hpp"
#include "region/objects/service.hpp"
#include "region/program/arguments.hpp"
#include "region/program/lives.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

namespace cloudshelf::objects {
namespace {

using program::bad_argument;

constexpr std::string_view help = R"(cloudshelf-region objects: buckets with S3's API, replicated between regions

  --listen ADDRESS:PORT          where requests are answered
  --tls-listen ADDRESS:PORT      HTTPS besides, with --tls-certificate FILE and --tls-key FILE (PEM)
  --region REGION                the name of this region, which clients sign for
  --data DIR                     everything is kept here; made when it is not there
  --credentials FILE             who may do what: AWS's credentials file, several profiles; per profile
                                 cloudshelf_permissions = read | write | admin (absent: admin),
                                 cloudshelf_account = 12 digits, cloudshelf_canonical_id, cloudshelf_display_name
  --keys FILE                    keys of encryption at rest (DIR/keys); made when it is not there
  --kms-key NAME                 a key that clients may name for SSE-KMS, made when FILE has none; once for each
  --domain NAME                  buckets are names below it too: bucket.s3.cloudshelf.com; once for each
  --peer REGION=http://ADDR:PORT another region's objects, to be followed; once for each
  --log-secret FILE              what regions show each other, in the file's first line
  --lifecycle-day-seconds N      how long lifecycle's day is, for trials (86400)
  --sync on|off                  off: a power cut may lose the last writes (on)

A region alone, and the same for any S3 client:

  cloudshelf-region objects --listen 127.1.0.1:9000 --region us-east-1 --data /var/lib/cloudshelf/objects \
      --credentials /etc/cloudshelf/credentials
  aws --endpoint-url http://127.1.0.1:9000 --region us-east-1 s3 mb s3://books

Two regions:

  cloudshelf-region objects --listen 127.1.0.1:9000 --region us-east-1 --data east --credentials keys \
      --peer us-west-2=http://127.2.0.1:9000 --log-secret secret
  cloudshelf-region objects --listen 127.2.0.1:9000 --region us-west-2 --data west --credentials keys \
      --peer us-east-1=http://127.1.0.1:9000 --log-secret secret

GET /-/health and GET /-/metrics ask for no signature. SIGTERM ends it when requests in progress are answered.
Exit status: 0 ended as asked, 1 something failed, 2 wrong arguments or configuration.
)";

int complain(int status, std::string_view message) {
    fmt::print(stderr, "cloudshelf-region objects: {}\n", message);
    return status;
}

struct Arguments {
    ServiceOptions options;
    std::string certificate;
    std::string key;
};

/// One `--name value`.
Result<void> read_option(Arguments& to, std::string_view name, const std::string& value) {
    ServiceOptions& options = to.options;
    if (name == "--listen" || name == "--tls-listen") {
        auto endpoint = program::read_endpoint(name, value);
        if (!endpoint) return fail(endpoint.error());
        if (name == "--listen") {
            options.listen = std::move(*endpoint);
        } else {
            options.tls_listen = std::move(*endpoint);
        }
    } else if (name == "--tls-certificate") {
        to.certificate = value;
    } else if (name == "--tls-key") {
        to.key = value;
    } else if (name == "--region") {
        options.region = RegionName(value);
    } else if (name == "--data") {
        options.data = value;
    } else if (name == "--keys") {
        options.keys = value;
    } else if (name == "--kms-key") {
        options.kms_keys.push_back(value);
    } else if (name == "--domain") {
        options.domains.push_back(value);
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
    } else if (name == "--lifecycle-day-seconds") {
        const auto seconds = program::read_number(name, value);
        if (!seconds) return fail(seconds.error());
        options.lifecycle_day = std::chrono::seconds(*seconds);
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
    Arguments read;
    const auto take = [&read](std::string_view name, const std::string& value) {
        return read_option(read, name, value);
    };
    if (auto taken = program::read_pairs(arguments, take); !taken) return fail(taken.error());
    ServiceOptions& options = read.options;
    const std::pair<std::string_view, bool> needed[]{
        {"--listen", options.listen.address.empty()},
        {"--region", options.region.value().empty()},
        {"--data", options.data.empty()},
        {"--credentials", options.keyring.empty()},
        {"--tls-certificate", options.tls_listen && read.certificate.empty()},
        {"--tls-key", options.tls_listen && read.key.empty()},
    };
    for (const auto& [name, missing] : needed) {
        if (missing) return fail(bad_argument(fmt::format("{} is missing or empty; see --help", name)));
    }
    for (const auto& peer : options.peers) {
        if (peer.region == options.region) return fail(bad_argument("--peer: that is this region"));
    }
    if (options.keys.empty()) options.keys = options.data / "keys";
    if (options.tls_listen) {
        auto tls = io::TlsContext::open({
            .identity = {.certificate_file = read.certificate, .key_file = read.key, .ca_file = read.certificate},
            .client_certificate = io::TlsContext::ClientCertificate::not_asked,
        });
        if (!tls) return fail(tls.error());
        options.tls = std::move(*tls);
    }
    return options;
}

/// The service in one of its lives.
class ObjectsLife : public program::Life {
public:
    ObjectsLife(io::Executor executor, ServiceOptions options) : service_(std::move(executor), std::move(options)) {}
    io::Task<Result<void>> start() override { return service_.start(); }
    io::Task<void> stop(io::Deadline deadline) override { return service_.stop(deadline); }
    bool wants_to_start_anew() const override { return service_.wants_to_start_anew(); }
    std::uint16_t port() const override { return service_.port(); }

private:
    Service service_;
};

}  // namespace

int objects_main(std::span<const std::string> arguments) {
    if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
        fmt::print("{}", help);
        return 0;
    }
    auto options = read_arguments(arguments);
    if (!options) return complain(2, options.error().message);
    static std::string region;  // log lines keep a view of it
    region = options->region.value();
    io::log_identity({{"program", "objects"}, {"region", region}});
    const auto make = [options = std::move(*options)](io::Executor executor) {
        return std::make_unique<ObjectsLife>(std::move(executor), options);
    };
    return io::run_program(program::run_lives("objects", make));
}

}  // namespace cloudshelf::objects
