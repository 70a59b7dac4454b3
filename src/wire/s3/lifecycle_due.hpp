#pragma once

#include "wire/s3/lifecycle.hpp"
#include "wire/s3/tagging.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// When lifecycle rules act. Times are ms since 1970.
namespace cloudshelf::s3 {

inline constexpr std::int64_t seconds_of_a_day = 86'400;

/// What rules look at of a version. `tags` and `size` are those of this version.
struct LifecycleSubject {
    std::string_view key;
    std::vector<Tag> tags = {};
    std::int64_t size = 0;
};

/// The earliest action and the rule that it follows from.
struct LifecycleDue {
    std::int64_t at_ms = 0;
    std::string rule_id;
    std::string storage_class = {};  // of a transition
    bool operator==(const LifecycleDue&) const = default;
};

/// So many days after a time, rounded up to the next midnight in UTC as S3 does. In a trial a day may be shorter (any
/// other `day_seconds`); then nothing is rounded.
std::int64_t days_after(std::int64_t time_ms, std::int64_t days, std::int64_t day_seconds = seconds_of_a_day);

/// When the current version expires: it is deleted or, in a versioned bucket, gets a delete marker.
std::optional<LifecycleDue> current_version_due(
    const LifecycleConfiguration& configuration,
    const LifecycleSubject& subject,
    std::int64_t modified_ms,
    std::int64_t day_seconds = seconds_of_a_day
);

/// When a noncurrent version is deleted. `noncurrent_since_ms`: when its successor came. `newer_noncurrent`: how many
/// noncurrent versions of the key are newer than it.
std::optional<LifecycleDue> noncurrent_version_due(
    const LifecycleConfiguration& configuration,
    const LifecycleSubject& subject,
    std::int64_t noncurrent_since_ms,
    std::int64_t newer_noncurrent,
    std::int64_t day_seconds = seconds_of_a_day
);

/// When a delete marker that is all that is left of a key is removed: at once by ExpiredObjectDeleteMarker, or when it
/// is as old as objects may become (S3 user guide, "Examples of S3 Lifecycle configurations", on delete markers).
std::optional<LifecycleDue> delete_marker_due(
    const LifecycleConfiguration& configuration,
    std::string_view key,
    std::int64_t modified_ms,
    std::int64_t day_seconds = seconds_of_a_day
);

/// When a multipart upload that was not completed is aborted.
std::optional<LifecycleDue> upload_due(
    const LifecycleConfiguration& configuration,
    std::string_view key,
    std::int64_t initiated_ms,
    std::int64_t day_seconds = seconds_of_a_day
);

/// The last transition of the current version that is due at `now_ms`.
std::optional<LifecycleDue> transition_due(
    const LifecycleConfiguration& configuration,
    const LifecycleSubject& subject,
    std::int64_t modified_ms,
    std::int64_t now_ms,
    std::int64_t day_seconds = seconds_of_a_day
);

/// The same of a noncurrent version.
std::optional<LifecycleDue> noncurrent_transition_due(
    const LifecycleConfiguration& configuration,
    const LifecycleSubject& subject,
    std::int64_t noncurrent_since_ms,
    std::int64_t newer_noncurrent,
    std::int64_t now_ms,
    std::int64_t day_seconds = seconds_of_a_day
);

}  // namespace cloudshelf::s3
