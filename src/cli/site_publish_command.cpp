// site publish: the bookstore's static site into its bucket, and changed pages through the edges.
#include "cli/site_publish_command.hpp"

#include "bookstore/catalogue.hpp"
#include "cli/command.hpp"
#include "cli/site_folder.hpp"
#include "cli/site_publisher.hpp"
#include "drivers/edge/refresh.hpp"
#include "drivers/tables/key_file.hpp"
#include "io/signals.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

struct Wanted {
    Common common;
    std::string to;  // http://ADDRESS:PORT
    std::string region;
    std::string bucket;
    std::string credentials;
    std::string profile;
    std::string from;
    std::string api = "https://api.cloudshelf.com";
    std::vector<std::string> edges;
    std::string host;
    std::string refresh_secret_file;
    bool dry_run = false;
    bool all = false;
    bool refresh_all = false;
};

Error bad_argument(std::string message) {
    return {.code = "cli.usage", .message = std::move(message)};
}

struct Place {
    objects_client::Client::Options objects;
    PublishOptions publish;
};

Result<io::Endpoint> read_url(std::string_view option, const std::string& text, std::string_view scheme) {
    const bool right = text.starts_with(scheme);
    auto endpoint = io::Endpoint::parse(right ? std::string_view(text).substr(scheme.size()) : std::string_view());
    if (endpoint) return endpoint;
    return fail(bad_argument(fmt::format("{} {}: expected {}ADDRESS:PORT", option, text, scheme)));
}

Result<Place> place_of(const Wanted& wanted) {
    Place place;
    const auto endpoint = read_url("--to", wanted.to, "http://");
    if (!endpoint) return fail(endpoint.error());
    auto key = tables_client::read_key_file(wanted.credentials, wanted.profile);
    if (!key) return fail(key.error());
    place.objects = {.endpoint = *endpoint, .region = wanted.region, .credentials = std::move(*key)};
    place.publish = {
        .bucket = wanted.bucket,
        .dry_run = wanted.dry_run ? DryRun::yes : DryRun::no,
        .upload = wanted.all ? Upload::all : Upload::changed,
        .refresh = wanted.refresh_all ? Refresh::all : Refresh::changed,
    };
    auto& edges = place.publish.edges;
    edges.host = wanted.host;
    for (const auto& text : wanted.edges) {
        const auto edge = read_url("--edge", text, "");
        if (!edge) return fail(edge.error());
        edges.endpoints.push_back(*edge);
    }
    if (edges.endpoints.empty()) return place;
    if (wanted.refresh_secret_file.empty()) return fail(bad_argument("--refresh-secret is needed with --edge"));
    auto secret = edge::read_refresh_secret(wanted.refresh_secret_file);
    if (!secret) return fail(secret.error());
    edges.refresh_secret = std::move(*secret);
    return place;
}

/// What was not named, by the plan: the edge's bucket, or its first; that bucket's region; and the name that the edge
/// has, where it stands in front of this bucket. Answers the exit status where that fails.
std::expected<void, Exit> fill_from_plan(Wanted& wanted) {
    const bool needed = wanted.bucket.empty() || wanted.region.empty();
    const bool of_use = wanted.host.empty() && std::filesystem::exists(wanted.common.plan);
    if (!needed && !of_use) return {};
    const auto layout = lay_out(wanted.common);
    if (!layout) return std::unexpected(layout.error());
    const auto& plan = layout->plan;
    if (wanted.bucket.empty() && plan.edge) wanted.bucket = plan.edge->bucket;
    const auto bucket = std::ranges::find_if(plan.buckets, [&](const core::Bucket& each) {
        return wanted.bucket.empty() || wanted.bucket == each.name || wanted.bucket == each.replica;
    });
    if (bucket == plan.buckets.end()) {
        if (!needed) return {};
        report(bad_argument("the plan has no such bucket: --bucket and --region say where to publish"), wanted.common);
        return std::unexpected(usage);
    }
    if (wanted.bucket.empty()) wanted.bucket = bucket->name;
    if (wanted.region.empty()) {
        wanted.region = (wanted.bucket == bucket->replica ? bucket->replica_region : bucket->region).value();
    }
    if (wanted.host.empty() && plan.edge && plan.edge->bucket == bucket->name) wanted.host = plan.edge->name;
    return {};
}

Result<bookstore::Site> site_of(const Wanted& wanted) {
    if (!wanted.from.empty()) return read_site_folder(wanted.from);
    const auto books = bookstore::shipped_catalogue();
    if (!books) return fail(books.error());
    return bookstore::make_site(*books, {.api = wanted.api, .url = "https://" + wanted.host});
}

json::array array_of(const std::vector<std::string>& texts) {
    json::array all;
    for (const auto& text : texts) all.emplace_back(text);
    return all;
}

void print(const Published& published, const Wanted& wanted) {
    if (wanted.common.json) {
        json::array behind;
        for (const auto& error : published.edges_behind)
            behind.push_back({{"code", error.code}, {"message", error.message}});
        const json::object told{
            {"release", published.release},
            {"dry_run", wanted.dry_run},
            {"files", published.files},
            {"uploaded", array_of(published.uploaded)},
            {"bytes", published.bytes},
            {"removed", array_of(published.removed)},
            {"refreshed", json::value_from(published.refreshed)},
            {"edges_behind", std::move(behind)},
        };
        fmt::print("{}\n", json::serialize(told));
        return;
    }
    fmt::print(
        "release {}{}: {} files, {} uploaded, {} removed\n",
        published.release,
        wanted.dry_run ? " (dry run)" : "",
        published.files,
        published.uploaded.size(),
        published.removed.size()
    );
    for (const auto& [edge, addresses] : published.refreshed)
        fmt::print("edge {}: {} pages refreshed\n", edge, addresses.size());
    for (const auto& error : published.edges_behind) fmt::print(stderr, "cloudshelf: {}\n", error.message);
    if (!published.edges_behind.empty()) {
        fmt::print(
            stderr,
            "cloudshelf: these edges may show earlier pages for a minute; the same command again refreshes what they "
            "still have to\n"
        );
    }
}

io::Task<int> publish(bookstore::Site site, Place place, Wanted wanted) {
    const auto executor = co_await boost::asio::this_coro::executor;
    objects_client::Client objects(executor, std::move(place.objects));
    io::HttpClient edges(executor);
    auto say = progress(wanted.common);
    const auto published =
        co_await publish_site(&objects, &edges, std::move(site), std::move(place.publish), std::move(say));
    if (!published) co_return report(published.error(), wanted.common);
    print(*published, wanted);
    co_return published->edges_behind.empty() ? ok : unavailable;
}

int run(Wanted wanted) {
    const auto filled = fill_from_plan(wanted);
    if (!filled) return filled.error();
    if (wanted.host.empty()) wanted.host = SiteEdges().host;
    auto place = place_of(wanted);
    if (!place) {
        const int status = report(place.error(), wanted.common);
        return place.error().code == "cli.usage" ? usage : status;
    }
    auto site = site_of(wanted);
    if (!site) return report(site.error(), wanted.common);
    return io::run_program(publish(std::move(*site), std::move(*place), std::move(wanted)));
}

}  // namespace

void add_site_publish(CLI::App& site, int& status) {
    auto* command = site.add_subcommand("publish", "the static site into its bucket, and through the edges");
    command->footer(
        "Stopped anywhere, it leaves a whole site; the same command again goes on, refreshing edges included.\n"
        "Examples:\n"
        "cloudshelf site publish --to http://10.1.0.5:9000 --credentials ~/.aws/credentials --dry-run\n"
        "cloudshelf site publish --to http://10.1.0.5:9000 --credentials ~/.aws/credentials \\\n"
        "    --edge 10.9.0.1:80 --edge 10.9.0.2:80 --refresh-secret /etc/cloudshelf/refresh-secret"
    );
    auto wanted = std::make_shared<Wanted>();
    add_common(*command, wanted->common);
    command->add_option("--to", wanted->to, "the objects service, http://ADDRESS:PORT")->required();
    command->add_option("--credentials", wanted->credentials, "AWS's credentials file")->required();
    command->add_option("--profile", wanted->profile, "whose key of that file; absent: its only one");
    command->add_option("--bucket", wanted->bucket, "absent: the plan's edge's, or its first");
    command->add_option("--region", wanted->region, "that signatures name; absent: the bucket's by the plan");
    command->add_option("--from", wanted->from, "a folder with a site; absent: one made of the shipped catalogue");
    command->add_option("--api", wanted->api, "whom the search page asks")->capture_default_str();
    command->add_option(
        "--host", wanted->host, "the site's name, which edges are asked for; absent: the plan's edge's"
    );
    command->add_option("--edge", wanted->edges, "ADDRESS:PORT of an edge to refresh; once for each");
    command->add_option("--refresh-secret", wanted->refresh_secret_file, "the file with the edges' secret");
    command->add_flag("--all", wanted->all, "upload unchanged files too, e.g. when only their headers changed");
    command->add_flag("--refresh-all", wanted->refresh_all, "have the edges fetch unchanged pages anew too");
    command->add_flag("--dry-run", wanted->dry_run, "say what would be done, and change nothing");
    command->callback([=, &status] { status = run(*wanted); });
}

}  // namespace cloudshelf::cli
