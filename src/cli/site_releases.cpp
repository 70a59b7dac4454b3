#include "cli/site_releases.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cloudshelf::cli {
namespace json = boost::json;

std::string manifest_key(std::string_view release) {
    return fmt::format("releases/{}.json", release);
}

std::string to_json(const ReleaseManifest& manifest) {
    json::array paths;
    for (const auto& path : manifest.paths) paths.emplace_back(path);
    return json::serialize(
        json::object{{"release", manifest.release}, {"published", manifest.published}, {"paths", std::move(paths)}}
    );
}

Result<ReleaseManifest> parse_manifest(std::string_view text) {
    boost::system::error_code bad;
    const auto value = json::parse(text, bad);
    const auto* object = bad ? nullptr : value.if_object();
    const auto text_at = [&](std::string_view name) {
        const auto* member = object == nullptr ? nullptr : object->if_contains(name);
        return member != nullptr && member->is_string() ? std::string(member->as_string()) : std::string();
    };
    ReleaseManifest manifest{.release = text_at("release"), .published = text_at("published"), .paths = {}};
    const auto* paths = object == nullptr ? nullptr : object->if_contains("paths");
    if (manifest.release.empty() || manifest.published.empty() || paths == nullptr || !paths->is_array()) {
        return fail("site.bad-manifest", "no manifest of a release");
    }
    for (const auto& path : paths->as_array()) {
        if (!path.is_string()) return fail("site.bad-manifest", "a path that is no text");
        manifest.paths.emplace_back(path.as_string());
    }
    return manifest;
}

Obsolete obsolete(std::vector<ReleaseManifest> manifests, std::size_t kept) {
    std::ranges::sort(manifests, std::greater(), [](const auto& each) {
        return std::pair(each.published, each.release);
    });
    std::set<std::string> needed;
    std::set<std::string> dropped;
    Obsolete result;
    for (std::size_t i = 0; i < manifests.size(); ++i) {
        auto& paths = i < kept ? needed : dropped;
        paths.insert(manifests[i].paths.begin(), manifests[i].paths.end());
        if (i >= kept) result.manifests.push_back(manifest_key(manifests[i].release));
    }
    std::ranges::set_difference(dropped, needed, std::back_inserter(result.paths));
    return result;
}

}  // namespace cloudshelf::cli
