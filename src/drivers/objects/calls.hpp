#pragma once

#include "base/result.hpp"
#include "io/http.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What is asked of buckets, as values, and how requests and answers carry it (S3 API, version 2006-03-01).
namespace cloudshelf::objects_client {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Put {
    std::string bucket;
    std::string key;
    std::string body;
    std::string content_type = "application/octet-stream";
    std::string cache_control = {};
    Pairs metadata = {};             // names without x-amz-meta-; ASCII
    std::string if_none_match = {};  // "*": only where there is no such object yet
    std::string if_match = {};       // an ETag without quotes: only in its place
};

struct Stored {
    std::string etag;        // without quotes
    std::string version_id;  // empty where the bucket keeps no versions
};

/// What is known of an object beside its bytes.
struct ObjectInfo {
    std::string etag;  // without quotes
    std::int64_t size = 0;
    std::string content_type;
    std::string cache_control;
    std::string last_modified;  // as in the header: "Mon, 23 Nov 2026 18:00:00 GMT"
    std::string version_id;
    std::string replication_status;  // "COMPLETED", "PENDING", "FAILED", "REPLICA"; empty: not replicated
    Pairs metadata;                  // names in lower case, without x-amz-meta-
};

struct Object {
    ObjectInfo info;
    std::string body;
};

struct Copy {
    std::string from_bucket;
    std::string from_key;
    std::string bucket;
    std::string key;
};

/// A document that a bucket has beside its objects, by the name it has in the query.
enum class Subresource : std::uint8_t { versioning, replication, website, policy, lifecycle };
std::string_view to_string(Subresource subresource);
/// The code with which S3 says that a bucket has no such document; empty where it always has one.
std::string_view missing_code(Subresource subresource);

/// Any operation that has no method of its own here.
struct Question {
    std::string method = "GET";
    std::string bucket = {};  // empty: the service itself, e.g. ListBuckets
    std::string key = {};
    Pairs query = {};  // an empty value: the name alone ("versioning")
    io::Headers headers = {};
    std::string body = {};
};

/// "/bucket/a%20key?list-type=2": path style (S3 User Guide, "Virtual hosting of buckets", "Path-style requests").
std::string target_of(const Question& question);

/// The ETag that S3 gives to an object that is put whole and not encrypted with a customer's key: its MD5, in
/// lower-case hexadecimal digits. For telling whether a copy is the same, never for security.
std::string etag_of(std::string_view body);

/// The Content-MD5 header (RFC 1864), which S3 asks for with some documents.
std::string content_md5(std::string_view body);

ObjectInfo info_of(const io::HttpResponse& answer);

}  // namespace cloudshelf::objects_client
