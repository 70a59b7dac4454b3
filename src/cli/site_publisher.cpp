#include "cli/site_publisher.hpp"

#include "cli/site_releases.hpp"
#include "io/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

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

Error interrupted(Error error, std::size_t done, std::size_t all) {
    error.message = fmt::format(
        "after {} of {} uploads: {}. The front page is still the earlier one; publish again to go on",
        done,
        all,
        error.message
    );
    return error;
}

/// What is in the bucket.
struct There {
    std::map<std::string, std::string> etags;  // by key
    std::set<std::string> keys;
    std::vector<ReleaseManifest> manifests;
};

io::Task<Result<There>> look(objects_client::Client* objects, std::string bucket) {
    const auto listed = co_await objects->list(bucket, "", soon());
    if (!listed) co_return fail(listed.error());
    There there;
    std::vector<std::string> manifest_keys;
    for (const auto& object : *listed) {
        there.etags[object.key] = object.etag;
        there.keys.insert(object.key);
        const bool ours = object.key.starts_with("releases/") && !object.key.starts_with(owed_prefix);
        if (ours) manifest_keys.push_back(object.key);
    }
    auto manifests = co_await read_manifests(objects, std::move(bucket), std::move(manifest_keys));
    if (!manifests) co_return fail(manifests.error());
    there.manifests = std::move(*manifests);
    co_return there;
}

/// What is to be done.
struct Work {
    ReleaseManifest manifest;
    std::vector<bookstore::SiteFile> changed;  // in the site's order
    std::size_t bytes = 0;                     // of those
    std::vector<std::string> addresses;        // of pages that edges are to fetch anew
};

Work work_of(bookstore::Site site, const There& there, const PublishOptions& options) {
    Work work{.manifest = {.release = site.release, .published = io::utc_now(), .paths = {}}};
    for (auto& file : site.files) {
        work.manifest.paths.push_back(file.path);
        const auto found = there.etags.find(file.path);
        const bool same = found != there.etags.end() && found->second == objects_client::etag_of(file.body);
        const bool uploads = !same || options.upload == Upload::all;
        const bool is_page = !file.path.starts_with("assets/");  // assets have their digests in their names
        if (is_page && (uploads || options.refresh == Refresh::all)) {
            std::ranges::move(addresses_of(file.path), std::back_inserter(work.addresses));
        }
        if (!uploads) continue;
        work.bytes += file.body.size();
        work.changed.push_back(std::move(file));
    }
    return work;
}

io::Task<Result<void>> put_manifest(
    objects_client::Client* objects, std::string bucket, const ReleaseManifest* manifest
) {
    objects_client::Put put{
        .bucket = std::move(bucket),
        .key = manifest_key(manifest->release),
        .body = to_json(*manifest),
        .content_type = "application/json",
        .cache_control = "no-store",
    };
    const auto stored = co_await objects->put(std::move(put), soon());
    if (!stored) co_return fail(stored.error());
    co_return Result<void>();
}

}  // namespace

io::Task<Result<Published>> publish_site(
    objects_client::Client* objects, io::HttpClient* edges, bookstore::Site site, PublishOptions options, Say say
) {
    const bool in_earnest = options.dry_run == DryRun::no;
    const auto& bucket = options.bucket;
    Published published{.release = site.release, .files = site.files.size()};
    auto there = co_await look(objects, bucket);
    if (!there) co_return fail(there.error());
    auto work = work_of(std::move(site), *there, options);
    published.bytes = work.bytes;
    const auto owed = co_await owed_to(objects, bucket, options.edges, there->keys, work.addresses);
    if (!owed) co_return fail(owed.error());
    say(fmt::format(
        "release {}: {} files, {} of them to upload ({} bytes)",
        published.release,
        published.files,
        work.changed.size(),
        published.bytes
    ));

    // First, so that what an interrupted release has left, and not refreshed, is known to the ones after it.
    const auto newest = std::ranges::max_element(there->manifests, {}, &ReleaseManifest::published);
    const bool recorded = newest != there->manifests.end() && newest->release == published.release;
    if (in_earnest && (!recorded || !work.changed.empty())) {
        const auto stored = co_await put_manifest(objects, bucket, &work.manifest);
        if (!stored) co_return fail(interrupted(stored.error(), 0, work.changed.size()));
    }
    for (const auto& each : *owed) {
        if (!in_earnest || work.addresses.empty()) break;
        const auto stored = co_await record(objects, bucket, each);
        if (!stored) co_return fail(interrupted(stored.error(), 0, work.changed.size()));
    }

    for (auto& file : work.changed) {
        const auto path = file.path;
        if (in_earnest) {
            auto put = put_of(bucket, std::move(file));
            const auto stored = co_await objects->put(std::move(put), soon());
            if (!stored) co_return fail(interrupted(stored.error(), published.uploaded.size(), work.changed.size()));
        }
        say(fmt::format("{} {}", in_earnest ? "uploaded" : "would upload", path));
        published.uploaded.push_back(path);
    }

    std::erase_if(there->manifests, [&](const auto& each) { return each.release == work.manifest.release; });
    there->manifests.push_back(work.manifest);
    const auto old = obsolete(std::move(there->manifests), options.releases_kept);
    for (const auto* keys : {&old.paths, &old.manifests}) {
        for (const auto& key : *keys) {
            if (!there->keys.contains(key)) continue;
            if (in_earnest) {
                const auto removed = co_await objects->remove(bucket, key, soon());
                if (!removed) co_return fail(removed.error());
            }
            say(fmt::format("{} {}", in_earnest ? "removed" : "would remove", key));
            published.removed.push_back(key);
        }
    }

    for (const auto& each : *owed) {
        if (each.addresses.empty()) continue;
        if (!in_earnest) {
            say(fmt::format("edge {}: would refresh {} pages", each.edge.text(), each.addresses.size()));
            continue;
        }
        auto settled = co_await settle(objects, edges, bucket, options.edges, each, say);
        if (!settled.outcome) published.edges_behind.push_back(settled.outcome.error());
        if (!settled.refreshed.empty()) published.refreshed[each.edge.text()] = std::move(settled.refreshed);
    }
    co_return published;
}

}  // namespace cloudshelf::cli
