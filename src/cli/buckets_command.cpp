// buckets apply: the plan's buckets, their versions, websites and replication.
#include "cli/bucket_set_up.hpp"
#include "cli/command.hpp"
#include "drivers/tables/key_file.hpp"
#include "io/signals.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <list>
#include <memory>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

struct Wanted {
    Common common;
    std::vector<std::string> endpoints;  // REGION=http://ADDRESS:PORT
    std::string credentials;
};

/// Where each region's objects are: as told, or the twin's.
Result<std::map<RegionName, io::Endpoint>> endpoints_of(const Wanted& wanted, const twin::Layout& layout) {
    std::map<RegionName, io::Endpoint> endpoints;
    for (const auto& site : layout.regions()) endpoints[site.name] = {site.address, twin::Ports::objects};
    for (const auto& text : wanted.endpoints) {
        const auto read = read_region_endpoint(text);
        if (!read) return fail(read.error());
        endpoints[read->first] = read->second;
    }
    return endpoints;
}

void print(const core::Plan& plan, const Common& common) {
    json::array buckets;
    for (const auto& bucket : plan.buckets) {
        buckets.push_back({{"name", bucket.name}, {"region", bucket.region.value()}});
        buckets.push_back({{"name", bucket.replica}, {"region", bucket.replica_region.value()}});
    }
    if (common.json) {
        fmt::print("{}\n", json::serialize(json::object{{"buckets", std::move(buckets)}}));
    } else {
        fmt::print("{} buckets are as the plan says\n", buckets.size());
    }
}

io::Task<int> apply(Wanted wanted, twin::Layout layout) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto endpoints = endpoints_of(wanted, layout);
    if (!endpoints) co_return report(endpoints.error(), wanted.common);
    std::filesystem::path file = wanted.credentials;
    if (file.empty()) file = layout.secrets() / "objects-operator.credentials";
    const auto key = tables_client::read_key_file(file);
    if (!key) co_return report(key.error(), wanted.common);
    std::list<objects_client::Client> clients;
    std::map<RegionName, objects_client::Client*> by_region;
    for (const auto& [region, endpoint] : *endpoints) {
        objects_client::Client::Options options{.endpoint = endpoint, .region = region.value(), .credentials = *key};
        by_region[region] = &clients.emplace_back(executor, std::move(options));
    }
    const auto done = co_await set_up_buckets(std::move(by_region), &layout.plan, progress(wanted.common));
    if (!done) co_return report(done.error(), wanted.common);
    print(layout.plan, wanted.common);
    co_return ok;
}

}  // namespace

void add_buckets(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("buckets", "the plan's buckets");
    command->require_subcommand(1);
    auto* apply_command = command->add_subcommand(
        "apply", "makes them, and their replicas, what the plan says: versions, website, replication"
    );
    auto wanted = std::make_shared<Wanted>();
    add_common(*apply_command, wanted->common);
    apply_command->add_option(
        "--endpoint", wanted->endpoints, "REGION=http://ADDRESS:PORT of the objects; default: the twin's"
    );
    apply_command->add_option("--credentials", wanted->credentials, "AWS's credentials file; default: the twin's");
    apply_command->footer(
        "What is so already stays: it may be stopped and repeated.\n"
        "Example: cloudshelf buckets apply --endpoint us-east-1=http://10.1.0.5:9000 "
        "--endpoint us-west-2=http://10.2.0.5:9000 --credentials keys"
    );
    apply_command->callback([=, &status] {
        auto layout = lay_out(wanted->common);
        status = layout ? io::run_program(apply(*wanted, std::move(*layout))) : static_cast<int>(layout.error());
    });
}

}  // namespace cloudshelf::cli
