#pragma once

#include "base/result.hpp"
#include "wire/s3/rule_filter.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::s3 {

struct ReplicationDestination {
    std::string bucket_arn;                 // arn:aws:s3:::name
    std::string account = {};               // empty: ours
    bool owner_is_destination = false;      // AccessControlTranslation
    std::string storage_class = {};         // empty: as the source's
    std::string replica_kms_key_id = {};    // EncryptionConfiguration; empty: none
    std::optional<bool> time_control = {};  // ReplicationTime's status; its time is always 15 minutes
    std::optional<bool> metrics = {};       // Metrics' status
    bool metrics_threshold = false;         // with EventThreshold, always 15 minutes
    bool operator==(const ReplicationDestination&) const = default;

    /// The bucket's name.
    std::string_view bucket() const;
};

struct ReplicationRule {
    std::string id;
    bool enabled = false;
    bool v1 = false;  // with a prefix of its own, without a filter
    std::optional<std::int64_t> priority = {};
    RuleFilter filter;
    std::optional<bool> delete_markers = {};  // DeleteMarkerReplication's status
    std::optional<bool> existing_objects = {};
    std::optional<bool> kms_encrypted = {};          // SourceSelectionCriteria
    std::optional<bool> replica_modifications = {};  // SourceSelectionCriteria
    ReplicationDestination destination;
    bool operator==(const ReplicationRule&) const = default;
};

/// Body of PutBucketReplication, answer of GetBucketReplication.
struct ReplicationConfiguration {
    std::string role;
    std::vector<ReplicationRule> rules;  // 1 to 1,000; ids are unique and given where there were none
    bool operator==(const ReplicationConfiguration&) const = default;
};
/// Errors: MalformedXML; InvalidRequest for fields of the first version with a filter and of the second without one,
/// for priorities that are there twice, and where a rule contradicts itself; InvalidArgument (ids, ARNs);
/// InvalidTag.
Result<ReplicationConfiguration> parse_replication_configuration(std::string_view body);
std::string print(const ReplicationConfiguration& configuration);

/// What happened to a bucket and may have to be replicated.
struct ReplicatedChange {
    enum class Kind : std::uint8_t {
        object,         // a version was put
        delete_marker,  // an object was deleted, and has a marker now
        metadata,       // tags, ACL or lock of a version changed
    };

    Kind kind = Kind::object;
    std::string_view key = {};
    std::vector<Tag> tags = {};
    bool replica = false;         // the version came by replication itself
    bool kms_encrypted = false;   // by a key of the key service
    bool existed_before = false;  // the configuration, that is: it is older than that
};

/// The rules to replicate by, at most one for each destination bucket: of the enabled ones whose filter matches, the
/// one of the highest priority, if it is for such changes. They point into `configuration`. That a version was deleted
/// is never replicated, and so no kind of change.
std::vector<const ReplicationRule*> destinations_for(
    const ReplicationConfiguration& configuration, const ReplicatedChange& change
);

}  // namespace cloudshelf::s3
