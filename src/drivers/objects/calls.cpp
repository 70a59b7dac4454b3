#include "drivers/objects/calls.hpp"

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "wire/s3/checksum.hpp"
#include "wire/s3/etag.hpp"
#include "wire/s3/value_text.hpp"
#include "wire/sigv4/canonical.hpp"

#include <charconv>

namespace cloudshelf::objects_client {
namespace {

std::string md5(std::string_view bytes) {
    return s3::Digest::of(s3::ChecksumAlgorithm::md5, bytes);
}

}  // namespace

std::string_view to_string(Subresource subresource) {
    switch (subresource) {
        case Subresource::versioning:
            return "versioning";
        case Subresource::replication:
            return "replication";
        case Subresource::website:
            return "website";
        case Subresource::policy:
            return "policy";
        case Subresource::lifecycle:
            return "lifecycle";
    }
    return "";
}

std::string_view missing_code(Subresource subresource) {
    switch (subresource) {
        case Subresource::versioning:
            return "";
        case Subresource::replication:
            return "ReplicationConfigurationNotFoundError";
        case Subresource::website:
            return "NoSuchWebsiteConfiguration";
        case Subresource::policy:
            return "NoSuchBucketPolicy";
        case Subresource::lifecycle:
            return "NoSuchLifecycleConfiguration";
    }
    return "";
}

std::string target_of(const Question& question) {
    std::string target = "/" + sigv4::encode(question.bucket, false);
    if (!question.key.empty()) target += "/" + sigv4::encode(question.key, true);
    char separator = '?';
    for (const auto& [name, value] : question.query) {
        target += separator + sigv4::encode(name, false);
        if (!value.empty()) target += "=" + sigv4::encode(value, false);
        separator = '&';
    }
    return target;
}

std::string etag_of(std::string_view body) {
    return hex(md5(body));
}

std::string content_md5(std::string_view body) {
    return base64(md5(body));
}

ObjectInfo info_of(const io::HttpResponse& answer) {
    constexpr std::string_view prefix = "x-amz-meta-";
    ObjectInfo info{
        .etag = std::string(s3::unquoted_etag(answer.header("ETag"))),
        .content_type = std::string(answer.header("Content-Type")),
        .cache_control = std::string(answer.header("Cache-Control")),
        .last_modified = std::string(answer.header("Last-Modified")),
        .version_id = std::string(answer.header("x-amz-version-id")),
        .replication_status = std::string(answer.header("x-amz-replication-status")),
        .metadata = {},
    };
    const auto length = answer.header("Content-Length");
    std::from_chars(length.data(), length.data() + length.size(), info.size);
    for (const auto& [name, value] : answer.headers) {
        const auto small = s3::text::lower(name);
        if (small.starts_with(prefix)) info.metadata.emplace_back(small.substr(prefix.size()), value);
    }
    return info;
}

}  // namespace cloudshelf::objects_client
