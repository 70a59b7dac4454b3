#pragma once

#include "base/result.hpp"
#include "wire/s3/query.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// What a request is about (S3 User Guide, "Methods for accessing a general purpose bucket").
namespace cloudshelf::s3 {

/// How the bucket was named: as the path's first segment, or in front of the host's domain.
enum class TargetStyle : std::uint8_t { path, virtual_host };

struct Target {
    std::string bucket;  // empty: the service itself
    std::string key;     // decoded; empty: the bucket itself
    QueryParameters query;
    TargetStyle style = TargetStyle::path;

    bool of_service() const { return bucket.empty(); }
    bool of_bucket() const { return !bucket.empty() && key.empty(); }
    bool of_object() const { return !key.empty(); }
};

/// `host`: the Host header, with or without a port. `target`: as on the wire, of origin form ("/a/b?c") or absolute
/// form, whose host then counts. `domains`: those under which buckets are names ("s3.cloudshelf.com",
/// "s3.us-east-1.amazonaws.com"), in lower case; with any other host the bucket is in the path. Names are not checked
/// here. Errors: InvalidURI for an invalid escape or another form of target; InvalidBucketName where a key comes
/// without a bucket.
Result<Target> parse_target(std::string_view host, std::string_view target, std::span<const std::string> domains);

}  // namespace cloudshelf::s3
