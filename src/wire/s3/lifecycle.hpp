#pragma once

#include "base/result.hpp"
#include "wire/s3/rule_filter.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::s3 {

/// Exactly one of the three.
struct LifecycleExpiration {
    std::optional<std::int64_t> days = {};
    std::optional<std::int64_t> date_ms = {};  // a midnight in UTC
    std::optional<bool> expired_object_delete_marker = {};
    bool operator==(const LifecycleExpiration&) const = default;
};

struct LifecycleTransition {
    std::optional<std::int64_t> days = {};     // either this
    std::optional<std::int64_t> date_ms = {};  // or that
    std::string storage_class;
    bool operator==(const LifecycleTransition&) const = default;
};

struct NoncurrentVersionExpiration {
    std::int64_t days = 0;
    std::optional<std::int64_t> newer_versions = {};  // so many noncurrent ones are kept whatever their age
    bool operator==(const NoncurrentVersionExpiration&) const = default;
};

struct NoncurrentVersionTransition {
    std::int64_t days = 0;
    std::optional<std::int64_t> newer_versions = {};
    std::string storage_class;
    bool operator==(const NoncurrentVersionTransition&) const = default;
};

struct LifecycleRule {
    std::string id;
    bool enabled = false;
    bool v1 = false;  // the prefix stood in the rule itself, and is written there
    RuleFilter filter;
    std::optional<LifecycleExpiration> expiration = {};
    std::vector<LifecycleTransition> transitions = {};
    std::optional<NoncurrentVersionExpiration> noncurrent_expiration = {};
    std::vector<NoncurrentVersionTransition> noncurrent_transitions = {};
    std::optional<std::int64_t> abort_uploads_days = {};
    bool operator==(const LifecycleRule&) const = default;
};

/// Body of PutBucketLifecycleConfiguration, answer of GetBucketLifecycleConfiguration.
struct LifecycleConfiguration {
    std::vector<LifecycleRule> rules;  // 1 to 1,000; ids are unique and given where there were none
    bool operator==(const LifecycleConfiguration&) const = default;
};
/// Errors: MalformedXML, InvalidArgument (days, dates, ids), InvalidRequest (no action; sizes; actions that don't go
/// with a filter by tags or sizes), InvalidStorageClass, InvalidTag.
Result<LifecycleConfiguration> parse_lifecycle_configuration(std::string_view body);
std::string print(const LifecycleConfiguration& configuration);

}  // namespace cloudshelf::s3
