#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// What was published when: a manifest for each release, so that what no kept release needs can go.
namespace cloudshelf::cli {

struct ReleaseManifest {
    std::string release;
    std::string published;  // RFC 3339 in UTC with milliseconds, whose order as text is that of time
    std::vector<std::string> paths;
};

/// "releases/0123456789abcdef.json"
std::string manifest_key(std::string_view release);
std::string to_json(const ReleaseManifest& manifest);
/// Errors: "site.bad-manifest".
Result<ReleaseManifest> parse_manifest(std::string_view text);

struct Obsolete {
    std::vector<std::string> paths;      // that only dropped releases have, sorted
    std::vector<std::string> manifests;  // their keys; to be removed after the paths
};
/// What goes when the newest `kept` releases stay. Only what a manifest names: files that others put into the bucket
/// are not ours to remove.
Obsolete obsolete(std::vector<ReleaseManifest> manifests, std::size_t kept);

}  // namespace cloudshelf::cli
