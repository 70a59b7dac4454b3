#include "region/objects/replica.hpp"

#include "region/objects/new_version.hpp"

namespace cloudshelf::objects {
namespace {

/// Whether the last change was made here, and is not replicated.
bool is_unknown_there(const Version& ours, Here here) {
    return ours.changed != ours.stamp && ours.changed.site == here.site && ours.destinations.empty();
}

}  // namespace

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

std::optional<Version> with_later_changes(const Version& ours, const Version& theirs, Here here) {
    if (theirs.changed <= ours.changed) return std::nullopt;
    Version changed = ours;
    changed.tags = theirs.tags;
    changed.acl = theirs.acl;
    if (core::may_retain(ours.lock, theirs.lock, here.now_ms, core::BypassGovernance::no)) {
        changed.lock.mode = theirs.lock.mode;
        changed.lock.until_ms = theirs.lock.until_ms;
    }
    // While that is so the change that put it on stays the last one: their next one must not lift it either.
    const bool keeps_hold = ours.lock.legal_hold && !theirs.lock.legal_hold && is_unknown_there(ours, here);
    if (keeps_hold) return changed;
    changed.lock.legal_hold = theirs.lock.legal_hold;
    changed.changed = theirs.changed;
    return changed;
}

}  // namespace cloudshelf::objects
