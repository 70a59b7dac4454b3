#include "region/objects/replica.hpp"

#include "region/objects/new_version.hpp"

namespace cloudshelf::objects {

ReplicaEncryption replica_encryption(const KnownBucket& bucket, const Destination& to) {
    if (!to.key_id.empty()) return {.encryption = "aws:kms", .key_id = to.key_id};
    if (const auto& usual = bucket.settings.encryption)
        return {.encryption = std::string(s3::to_string(usual->algorithm)), .key_id = usual->kms_key_id};
    return {.encryption = "AES256", .key_id = {}};
}

Version make_replica(const Version& theirs, const KnownBucket& bucket, const Destination& to) {
    Version replica = theirs;
    replica.replica = true;
    replica.destinations.clear();
    replica.logged = changelog::Position(0);
    if (replica.delete_marker) return replica;
    if (!to.storage_class.empty()) replica.storage_class = to.storage_class;
    auto encrypted = replica_encryption(bucket, to);
    replica.encryption = std::move(encrypted.encryption);
    replica.key_id = std::move(encrypted.key_id);
    return replica;
}

std::optional<Version> with_later_changes(const Version& ours, const Version& theirs) {
    if (theirs.changed <= ours.changed) return std::nullopt;
    Version changed = ours;
    changed.changed = theirs.changed;
    changed.tags = theirs.tags;
    changed.lock = theirs.lock;
    changed.acl = theirs.acl;
    return changed;
}

}  // namespace cloudshelf::objects
