#pragma once

#include "region/objects/operation.hpp"
#include "region/objects/version.hpp"

#include <expected>
#include <optional>
#include <string>

namespace cloudshelf::objects {

/// What CopyObject and UploadPartCopy read.
struct FoundSource {
    KnownBucketPtr bucket;
    Version version;
    bool by_id = false;        // the request names a version
    bool tags_shown = false;  // the caller may read the tags it has

    /// x-amz-copy-source-version-id; empty: the bucket has no versions.
    std::string version_id() const { return bucket->versioning == Versioning::never ? "" : version.id; }
};

/// The version that `x-amz-copy-source` names, if the caller may read it and the conditions on it hold. Errors: those
/// of parse_copy_source, find_asked_version and check_copy_source; NoSuchBucket; InvalidRequest for a delete marker;
/// NotImplemented for a customer's key.
std::expected<FoundSource, Refusal> find_copy_source(const Call& call);

}  // namespace cloudshelf::objects
