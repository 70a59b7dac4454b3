#pragma once

#include "base/result.hpp"
#include "region/objects/bucket.hpp"
#include "wire/s3/encryption.hpp"
#include "wire/s3/object_lock.hpp"
#include "wire/s3/replication.hpp"

#include <optional>

namespace cloudshelf::objects {

/// A bucket's documents, read. Absent: not set.
struct Settings {
    std::optional<s3::ServerSideEncryptionConfiguration> encryption;
    std::optional<s3::ObjectLockConfiguration> object_lock;
    std::optional<s3::ReplicationConfiguration> replication;
};

/// The names of the documents in Bucket::documents.
namespace document {
inline constexpr std::string_view encryption = "encryption";
inline constexpr std::string_view object_lock = "object-lock";
inline constexpr std::string_view replication = "replication";
}  // namespace document

/// Errors: those of the documents' parsers; a bucket with a document that is none is not stored.
Result<Settings> read_settings(const Bucket& bucket);

}  // namespace cloudshelf::objects
