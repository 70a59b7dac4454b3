#pragma once

#include "base/result.hpp"
#include "region/objects/buckets.hpp"
#include "region/objects/version.hpp"

#include <cstdint>
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

/// Where and when a change from elsewhere is judged.
struct Here {
    std::uint16_t site = 0;   // ours, in stamps
    std::int64_t now_ms = 0;  // since 1970
};

/// Ours with tags, lock and access as they are there, if they changed there later than here. A retention gives way only
/// as it would to a request that does not pass by governance mode. A legal hold that was put on here without them
/// knowing stays: their change says nothing of it.
std::optional<Version> with_later_changes(const Version& ours, const Version& theirs, Here here);

}  // namespace cloudshelf::objects
