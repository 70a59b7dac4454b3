#pragma once

#include "base/result.hpp"
#include "wire/s3/access_control.hpp"
#include "wire/s3/checksum_elements.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Answers that list buckets, objects and versions. Times are ms since 1970; ETags are without quotes, which are
/// written around them.
namespace cloudshelf::s3 {

/// encoding-type=url: keys and what is compared with them go out percent-encoded, since XML 1.0 cannot carry each.
enum class KeyEncoding : bool { none, url };

/// A key as a listing writes it: all but A-Z a-z 0-9 - _ . ~ / is percent-encoded.
std::string encoded_key(std::string_view key, KeyEncoding encoding);
/// The opposite; what is no valid escape stays as it is.
std::string decoded_key(std::string_view text, KeyEncoding encoding);

struct BucketEntry {
    std::string name;
    std::int64_t created_ms = 0;
    std::string region = {};  // empty: not written
    bool operator==(const BucketEntry&) const = default;
};

/// Answer of ListBuckets.
struct ListAllMyBucketsResult {
    Owner owner;
    std::vector<BucketEntry> buckets;
    std::string prefix = {};
    std::string continuation_token = {};  // of the next page; empty: none
};
std::string print(const ListAllMyBucketsResult& result);

struct ObjectEntry {
    std::string key;
    std::int64_t modified_ms = 0;
    std::string etag;
    std::int64_t size = 0;
    std::string storage_class = "STANDARD";
    std::optional<Owner> owner = {};
    std::vector<std::string> checksum_algorithms = {};
    std::optional<std::string> checksum_type = {};
    bool operator==(const ObjectEntry&) const = default;
};

/// Answer of ListObjects, the first version.
struct ListObjectsResult {
    std::string name;
    std::string prefix;
    std::string marker;
    std::string delimiter;
    int max_keys = 1000;
    bool truncated = false;
    std::string next_marker;  // S3 gives it only where there is a delimiter
    KeyEncoding encoding = KeyEncoding::none;
    std::vector<ObjectEntry> objects;
    std::vector<std::string> common_prefixes;
};
std::string print(const ListObjectsResult& result);

/// Answer of ListObjectsV2. Objects have owners where fetch-owner was asked for.
struct ListObjectsV2Result {
    std::string name;
    std::string prefix;
    std::string delimiter;
    std::string start_after;
    std::string continuation_token;
    std::string next_continuation_token;
    int max_keys = 1000;
    bool truncated = false;
    KeyEncoding encoding = KeyEncoding::none;
    std::vector<ObjectEntry> objects;
    std::vector<std::string> common_prefixes;
    bool operator==(const ListObjectsV2Result&) const = default;
};
std::string print(const ListObjectsV2Result& result);
/// What another S3 answered; elements we don't know are passed over. Keys come decoded.
Result<ListObjectsV2Result> parse_list_objects_v2(std::string_view body);

struct VersionEntry {
    ObjectEntry object;  // of a delete marker: key, time and owner only
    std::string version_id = "null";
    bool latest = false;
    bool delete_marker = false;
    bool operator==(const VersionEntry&) const = default;
};

/// Answer of ListObjectVersions: versions and delete markers in one order, that of keys, and the newest first.
struct ListVersionsResult {
    std::string name;
    std::string prefix;
    std::string delimiter;
    std::string key_marker;
    std::string version_id_marker;
    std::string next_key_marker;
    std::string next_version_id_marker;
    int max_keys = 1000;
    bool truncated = false;
    KeyEncoding encoding = KeyEncoding::none;
    std::vector<VersionEntry> versions;
    std::vector<std::string> common_prefixes;
};
std::string print(const ListVersionsResult& result);

}  // namespace cloudshelf::s3
