#include "wire/s3/replication.hpp"

#include "wire/s3/xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <utility>

namespace cloudshelf::s3 {
namespace {

constexpr std::string_view bucket_arn_start = "arn:aws:s3:::";
constexpr std::int64_t time_control_minutes = 15;  // the only number that S3 takes

Error not_of_v1(std::string_view element) {
    return errors::invalid_request(fmt::format(
        "{} cannot be used for this version of the replication configuration schema: the rule has no Filter", element
    ));
}

Error needed_by_v2(std::string_view element) {
    return errors::invalid_request(fmt::format(
        "{} must be specified for this version of the replication configuration schema: the rule has a Filter", element
    ));
}

void read_minutes(Fields& fields, std::string_view name) {
    fields.need_inside(name, [](Fields& time) {
        if (time.need_number("Minutes") != time_control_minutes)
            time.complain(errors::invalid_argument("Minutes must be 15"));
    });
}

std::string read_storage_class(Fields& fields) {
    constexpr auto classes = std::to_array<std::string_view>(
        {"STANDARD",
         "REDUCED_REDUNDANCY",
         "STANDARD_IA",
         "ONEZONE_IA",
         "INTELLIGENT_TIERING",
         "GLACIER",
         "GLACIER_IR",
         "DEEP_ARCHIVE"}
    );
    auto storage_class = fields.text("StorageClass");
    if (storage_class && std::ranges::find(classes, *storage_class) == classes.end()) fields.malformed();
    return std::move(storage_class).value_or("");
}

ReplicationDestination read_destination(Fields& fields) {
    ReplicationDestination destination{
        .bucket_arn = fields.need_text("Bucket"),
        .account = fields.text("Account").value_or(""),
        .storage_class = read_storage_class(fields),
    };
    const auto name = destination.bucket();
    if (name.empty() || name.contains('/') || name.contains('*') || name.contains(':'))
        fields.complain(errors::invalid_argument("Invalid bucket ARN"));
    fields.inside("AccessControlTranslation", [&](Fields& translation) {
        if (translation.need_text("Owner") != "Destination") translation.malformed();
        destination.owner_is_destination = true;
        if (destination.account.empty()) {
            translation.complain(errors::invalid_request("Account must be specified with AccessControlTranslation"));
        }
    });
    fields.inside("EncryptionConfiguration", [&](Fields& encryption) {
        destination.replica_kms_key_id = encryption.need_text("ReplicaKmsKeyID");
        if (destination.replica_kms_key_id.empty()) encryption.malformed();
    });
    fields.inside("ReplicationTime", [&](Fields& time) {
        destination.time_control = time.need_enabled("Status");
        read_minutes(time, "Time");
    });
    fields.inside("Metrics", [&](Fields& metrics) {
        destination.metrics = metrics.need_enabled("Status");
        destination.metrics_threshold = metrics.has("EventThreshold");
        if (destination.metrics_threshold) read_minutes(metrics, "EventThreshold");
    });
    if (destination.time_control == true && destination.metrics != true)
        fields.complain(errors::invalid_request("ReplicationTime needs Metrics to be enabled"));
    return destination;
}

std::optional<bool> read_status(Fields& fields, std::string_view name) {
    std::optional<bool> status;
    fields.inside(name, [&](Fields& inside) { status = inside.need_enabled("Status"); });
    return status;
}

/// Of which version a rule is, its filter decides (S3 user guide, "Replication configuration file elements").
void check_version(Fields& fields, const ReplicationRule& rule, bool filtered) {
    if (filtered && rule.v1) {
        fields.complain(errors::invalid_request("Filter and Prefix cannot be used together in a rule"));
    } else if (filtered) {
        if (!rule.priority) fields.complain(needed_by_v2("Priority"));
        if (!rule.delete_markers) fields.complain(needed_by_v2("DeleteMarkerReplication"));
    } else if (rule.v1) {
        if (rule.priority) fields.complain(not_of_v1("Priority"));
        if (rule.delete_markers) fields.complain(not_of_v1("DeleteMarkerReplication"));
        if (rule.existing_objects) fields.complain(not_of_v1("ExistingObjectReplication"));
        if (rule.replica_modifications) fields.complain(not_of_v1("ReplicaModifications"));
        if (rule.destination.time_control) fields.complain(not_of_v1("ReplicationTime"));
        if (rule.destination.metrics) fields.complain(not_of_v1("Metrics"));
    } else {
        fields.malformed();
    }
}

void check(Fields& fields, const ReplicationRule& rule) {
    if (rule.delete_markers == true && !rule.filter.tags.empty())
        fields.complain(
            errors::invalid_request("Delete marker replication is not supported if any Tag filter is specified")
        );
    if (rule.kms_encrypted == true && rule.destination.replica_kms_key_id.empty()) {
        fields.complain(
            errors::invalid_request("ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present")
        );
    }
    if (rule.kms_encrypted != true && !rule.destination.replica_kms_key_id.empty()) {
        fields.complain(
            errors::invalid_request("SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present")
        );
    }
}

ReplicationRule read_rule(Fields& fields) {
    ReplicationRule rule;
    rule.id = fields.text("ID").value_or("");
    rule.enabled = fields.need_enabled("Status");
    rule.priority = fields.number("Priority");
    if (rule.priority && (*rule.priority < 0 || *rule.priority > std::numeric_limits<std::int32_t>::max()))
        fields.malformed();
    const bool filtered =
        fields.inside("Filter", [&](Fields& filter) { rule.filter = read_filter(filter, FilterSizes::refused); });
    if (auto prefix = fields.text("Prefix")) {
        check_prefix(fields, *prefix);
        rule.v1 = true;
        rule.filter.prefix = std::move(*prefix);
    }
    rule.delete_markers = read_status(fields, "DeleteMarkerReplication");
    rule.existing_objects = read_status(fields, "ExistingObjectReplication");
    fields.inside("SourceSelectionCriteria", [&](Fields& criteria) {
        rule.kms_encrypted = read_status(criteria, "SseKmsEncryptedObjects");
        rule.replica_modifications = read_status(criteria, "ReplicaModifications");
    });
    fields.need_inside("Destination", [&](Fields& inside) { rule.destination = read_destination(inside); });
    check_version(fields, rule, filtered);
    check(fields, rule);
    return rule;
}

void check_priorities(Fields& root, const std::vector<ReplicationRule>& rules) {
    std::set<std::int64_t> taken;
    for (const auto& rule : rules) {
        if (rule.priority && !taken.insert(*rule.priority).second)
            root.complain(errors::invalid_request(fmt::format("Found duplicate priority: {}", *rule.priority)));
    }
}

std::string_view status_text(bool enabled) {
    return enabled ? "Enabled" : "Disabled";
}

void write_status(XmlWriter& writer, std::string_view name, std::optional<bool> enabled) {
    if (!enabled) return;
    writer.open(name);
    writer.element("Status", status_text(*enabled));
    writer.close();
}

void write_minutes(XmlWriter& writer, std::string_view name) {
    writer.open(name);
    writer.element("Minutes", time_control_minutes);
    writer.close();
}

void write_destination(XmlWriter& writer, const ReplicationDestination& destination) {
    writer.open("Destination");
    writer.element("Bucket", destination.bucket_arn);
    writer.element_if_some("Account", destination.account);
    writer.element_if_some("StorageClass", destination.storage_class);
    if (destination.owner_is_destination) {
        writer.open("AccessControlTranslation");
        writer.element("Owner", "Destination");
        writer.close();
    }
    if (!destination.replica_kms_key_id.empty()) {
        writer.open("EncryptionConfiguration");
        writer.element("ReplicaKmsKeyID", destination.replica_kms_key_id);
        writer.close();
    }
    if (destination.time_control) {
        writer.open("ReplicationTime");
        writer.element("Status", status_text(*destination.time_control));
        write_minutes(writer, "Time");
        writer.close();
    }
    if (destination.metrics) {
        writer.open("Metrics");
        writer.element("Status", status_text(*destination.metrics));
        if (destination.metrics_threshold) write_minutes(writer, "EventThreshold");
        writer.close();
    }
    writer.close();
}

void write_rule(XmlWriter& writer, const ReplicationRule& rule) {
    writer.open("Rule");
    writer.element("ID", rule.id);
    writer.element("Priority", rule.priority);
    if (rule.v1) {
        writer.element("Prefix", rule.filter.prefix);
    } else {
        write_filter(writer, rule.filter);
    }
    writer.element("Status", status_text(rule.enabled));
    if (rule.kms_encrypted || rule.replica_modifications) {
        writer.open("SourceSelectionCriteria");
        write_status(writer, "SseKmsEncryptedObjects", rule.kms_encrypted);
        write_status(writer, "ReplicaModifications", rule.replica_modifications);
        writer.close();
    }
    write_status(writer, "ExistingObjectReplication", rule.existing_objects);
    write_destination(writer, rule.destination);
    write_status(writer, "DeleteMarkerReplication", rule.delete_markers);
    writer.close();
}

bool is_for(const ReplicationRule& rule, const ReplicatedChange& change) {
    if (change.existed_before && rule.existing_objects != true) return false;
    if (change.kms_encrypted && rule.kms_encrypted != true) return false;
    switch (change.kind) {
        case ReplicatedChange::Kind::object:
            return !change.replica;  // replicas aren't replicated on, or two buckets would never come to rest
        case ReplicatedChange::Kind::delete_marker:
            return !change.replica && (rule.v1 || rule.delete_markers == true);
        case ReplicatedChange::Kind::metadata:
            return !change.replica || rule.replica_modifications == true;
    }
    std::unreachable();
}

}  // namespace

std::string_view ReplicationDestination::bucket() const {
    const std::string_view arn = bucket_arn;
    return arn.starts_with(bucket_arn_start) ? arn.substr(bucket_arn_start.size()) : std::string_view{};
}

Result<ReplicationConfiguration> parse_replication_configuration(std::string_view body) {
    const auto read = [](Fields& root, ReplicationConfiguration& configuration) {
        configuration.role = root.need_text("Role");
        root.each("Rule", [&](Fields& rule) { configuration.rules.push_back(read_rule(rule)); });
        if (configuration.rules.empty() || configuration.rules.size() > rules_max) root.malformed();
        check_priorities(root, configuration.rules);
        finish_ids(root, configuration.rules);
    };
    return read_document<ReplicationConfiguration>(body, "ReplicationConfiguration", read);
}

std::string print(const ReplicationConfiguration& configuration) {
    XmlWriter writer("ReplicationConfiguration");
    writer.element("Role", configuration.role);
    for (const auto& rule : configuration.rules) write_rule(writer, rule);
    return writer.finish();
}

std::vector<const ReplicationRule*> destinations_for(
    const ReplicationConfiguration& configuration, const ReplicatedChange& change
) {
    std::vector<const ReplicationRule*> chosen;
    for (const auto& rule : configuration.rules) {
        if (!rule.enabled || !matches(rule.filter, change.key, change.tags, 0)) continue;
        const auto same = std::ranges::find(chosen, rule.destination.bucket_arn, [](const auto* each) {
            return each->destination.bucket_arn;
        });
        if (same == chosen.end()) {
            chosen.push_back(&rule);
        } else if (rule.priority.value_or(0) > (*same)->priority.value_or(0)) {
            *same = &rule;
        }
    }
    // Only now: the rule that won decides, not a lesser one that happens to be for such changes.
    std::erase_if(chosen, [&](const auto* rule) { return !is_for(*rule, change); });
    return chosen;
}

}  // namespace cloudshelf::s3
