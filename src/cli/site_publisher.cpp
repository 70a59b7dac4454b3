#include "cli/site_publisher.hpp"

#include "cli/site_releases.hpp"
#include "drivers/edge/refresh.hpp"
#include "io/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

namespace cloudshelf::cli {
namespace {

using namespace std::chrono_literals;
using Say = std::function<void(const std::string& line)>;

constexpr Duration patience = 30s;  // for one object or one page

io::Deadline soon() {
    return io::Deadline::after(patience);
}

/// The manifests that can be read; what else lies below releases/ is not ours.
io::Task<Result<std::vector<ReleaseManifest>>> read_manifests(
    objects_client::Client* objects, std::string bucket, std::vector<std::string> keys
) {
    std::vector<ReleaseManifest> manifests;
    for (const auto& key : keys) {
        const auto object = co_await objects->get(bucket, key, soon());
        if (!object) co_return fail(object.error());
        if (!*object) continue;
        auto manifest = parse_manifest((*object)->body);
        if (manifest && manifest_key(manifest->release) == key) manifests.push_back(std::move(*manifest));
    }
    co_return manifests;
}

objects_client::Put put_of(const std::string& bucket, bookstore::SiteFile file) {
    return {
        .bucket = bucket,
        .key = std::move(file.path),
        .body = std::move(file.body),
        .content_type = std::move(file.content_type),
        .cache_control = std::move(file.cache_control),
    };
}

/// Where customers see a page: "books/index.html" at "/books/" as well.
std::vector<std::string> addresses_of(const std::string& path) {
    constexpr std::string_view index = "index.html";
    std::vector<std::string> addresses{"/" + path};
    if (path == index || path.ends_with("/index.html")) {
        addresses.push_back("/" + path.substr(0, path.size() - index.size()));
    }
    return addresses;
}

Error interrupted(Error error, std::size_t done, std::size_t all) {
    error.message = fmt::format(
        "after {} of {} uploads: {}. The front page is still the earlier one; publish again to go on",
        done,
        all,
        error.message
    );
    return error;
}

/// One edge, page by page. Its first error is the last thing it is asked.
io::Task<Result<void>> refresh_edge(
    io::HttpClient* client, io::Endpoint edge, PublishOptions options, std::vector<std::string> addresses, Say say
) {
    bool from_replica = false;
    for (const auto& address : addresses) {
        const auto done = co_await edge::refresh(client, edge, options.host, address, options.refresh_secret, soon());
        if (!done) co_return fail(done.error());
        from_replica = from_replica || done->origin == "replica";
    }
    say(fmt::format("edge {}: {} pages refreshed", edge.text(), addresses.size()));
    if (from_replica) {
        say(fmt::format(
            "edge {}: the replica answered for the primary, perhaps with pages of the earlier release", edge.text()
        ));
    }
    co_return Result<void>();
}

}  // namespace

io::Task<Result<Published>> publish_site(
    objects_client::Client* objects, io::HttpClient* edges, bookstore::Site site, PublishOptions options, Say say
) {
    const bool in_earnest = options.dry_run == DryRun::no;
    Published published{.release = site.release, .files = site.files.size()};
    const auto listed = co_await objects->list(options.bucket, "", soon());
    if (!listed) co_return fail(listed.error());
    std::map<std::string, std::string> there;  // key → ETag
    std::vector<std::string> manifest_keys;
    for (const auto& object : *listed) {
        there[object.key] = object.etag;
        if (object.key.starts_with("releases/")) manifest_keys.push_back(object.key);
    }
    auto manifests = co_await read_manifests(objects, options.bucket, std::move(manifest_keys));
    if (!manifests) co_return fail(manifests.error());

    std::vector<bookstore::SiteFile> changed;
    ReleaseManifest manifest{.release = site.release, .published = io::utc_now(), .paths = {}};
    for (auto& file : site.files) {
        manifest.paths.push_back(file.path);
        const auto found = there.find(file.path);
        const bool same = found != there.end() && found->second == objects_client::etag_of(file.body);
        if (same && options.upload == Upload::changed) continue;
        published.bytes += file.body.size();
        changed.push_back(std::move(file));
    }
    const auto newest = std::ranges::max_element(*manifests, {}, &ReleaseManifest::published);
    const bool recorded = newest != manifests->end() && newest->release == site.release;
    say(fmt::format(
        "release {}: {} files, {} of them to upload ({} bytes)",
        site.release,
        published.files,
        changed.size(),
        published.bytes
    ));

    // First, so that what an interrupted release has left is known to the ones after it.
    if (in_earnest && (!recorded || !changed.empty())) {
        objects_client::Put record{
            .bucket = options.bucket,
            .key = manifest_key(site.release),
            .body = to_json(manifest),
            .content_type = "application/json",
            .cache_control = "no-store",
        };
        const auto stored = co_await objects->put(std::move(record), soon());
        if (!stored) co_return fail(interrupted(stored.error(), 0, changed.size()));
    }
    std::erase_if(*manifests, [&](const auto& each) { return each.release == manifest.release; });
    manifests->push_back(manifest);

    std::vector<std::string> addresses;
    for (auto& file : changed) {
        const auto path = file.path;
        if (!path.starts_with("assets/")) std::ranges::move(addresses_of(path), std::back_inserter(addresses));
        if (in_earnest) {
            auto put = put_of(options.bucket, std::move(file));
            const auto stored = co_await objects->put(std::move(put), soon());
            if (!stored) co_return fail(interrupted(stored.error(), published.uploaded.size(), changed.size()));
        }
        say(fmt::format("{} {}", in_earnest ? "uploaded" : "would upload", path));
        published.uploaded.push_back(path);
    }

    const auto old = obsolete(std::move(*manifests), options.releases_kept);
    for (const auto* keys : {&old.paths, &old.manifests}) {
        for (const auto& key : *keys) {
            if (!there.contains(key)) continue;
            if (in_earnest) {
                const auto removed = co_await objects->remove(options.bucket, key, soon());
                if (!removed) co_return fail(removed.error());
            }
            say(fmt::format("{} {}", in_earnest ? "removed" : "would remove", key));
            published.removed.push_back(key);
        }
    }

    if (addresses.empty()) co_return published;
    for (const auto& edge : options.edges) {
        if (!in_earnest) {
            say(fmt::format("edge {}: would refresh {} pages", edge.text(), addresses.size()));
            continue;
        }
        const auto done = co_await refresh_edge(edges, edge, options, addresses, say);
        if (!done) published.edges_behind.push_back(done.error());
    }
    if (in_earnest && !options.edges.empty()) published.refreshed = std::move(addresses);
    co_return published;
}

}  // namespace cloudshelf::cli
