#pragma once

#include "base/result.hpp"
#include "region/objects/buckets.hpp"
#include "region/objects/version.hpp"

#include <optional>
#include <string>

/// What a replica is, given what it is a replica of. Pure.
namespace cloudshelf::objects {

struct ReplicaEncryption {
    std::string encryption;  // "AES256" or "aws:kms"
    std::string key_id;
};

/// How a replica lies in that bucket: under the key that the rule names, else as the bucket's default says.
ReplicaEncryption replica_encryption(const KnownBucket& bucket, const Destination& to);

/// The version as it becomes a replica: same id, stamp, times, headers, tags, lock and access; the rule's storage class
/// and the destination's encryption. Its pieces still have their source's names.
Version make_replica(const Version& theirs, const KnownBucket& bucket, const Destination& to);

/// Ours with tags, lock and access as they are there, if they changed there later than here.
std::optional<Version> with_later_changes(const Version& ours, const Version& theirs);

}  // namespace cloudshelf::objects
