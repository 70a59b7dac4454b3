#pragma once

#include "base/result.hpp"
#include "region/objects/bucket.hpp"
#include "wire/s3/access_control.hpp"
#include "wire/s3/cors.hpp"
#include "wire/s3/encryption.hpp"
#include "wire/s3/lifecycle.hpp"
#include "wire/s3/object_lock.hpp"
#include "wire/s3/policy.hpp"
#include "wire/s3/public_access.hpp"
#include "wire/s3/replication.hpp"
#include "wire/s3/tagging.hpp"
#include "wire/s3/website.hpp"

#include <optional>

namespace cloudshelf::objects {

/// A bucket's documents, read. Absent: not set.
struct Settings {
    std::optional<s3::ServerSideEncryptionConfiguration> encryption;
    std::optional<s3::ObjectLockConfiguration> object_lock;
    std::optional<s3::Tagging> tagging;
    std::optional<s3::CorsConfiguration> cors;
    std::optional<s3::WebsiteConfiguration> website;
    std::optional<s3::LifecycleConfiguration> lifecycle;
    std::optional<s3::ReplicationConfiguration> replication;
    std::optional<s3::PublicAccessBlockConfiguration> public_access;
    std::optional<s3::OwnershipControls> ownership;
    std::optional<s3::AccessControlPolicy> acl;
    std::optional<s3::Policy> policy;

    /// What blocks public access; all off where nothing is set.
    s3::PublicAccessBlockConfiguration blocked() const {
        return public_access.value_or(s3::PublicAccessBlockConfiguration{});
    }
    /// Access control lists count for nothing, and the bucket's owner owns all that is in it.
    bool acls_disabled() const {
        return ownership && ownership->ownership == s3::ObjectOwnership::bucket_owner_enforced;
    }
};

/// The names of the documents in Bucket::documents: each as S3 names the subresource. A policy is kept as it came, the
/// others as `print` writes them.
namespace document {
inline constexpr std::string_view encryption = "encryption";
inline constexpr std::string_view object_lock = "object-lock";
inline constexpr std::string_view tagging = "tagging";
inline constexpr std::string_view cors = "cors";
inline constexpr std::string_view website = "website";
inline constexpr std::string_view lifecycle = "lifecycle";
inline constexpr std::string_view replication = "replication";
inline constexpr std::string_view public_access = "publicAccessBlock";
inline constexpr std::string_view ownership = "ownershipControls";
inline constexpr std::string_view acl = "acl";
inline constexpr std::string_view policy = "policy";
}  // namespace document

/// Errors: those of the documents' parsers; a bucket with a document that is none is not stored.
Result<Settings> read_settings(const Bucket& bucket);

}  // namespace cloudshelf::objects
