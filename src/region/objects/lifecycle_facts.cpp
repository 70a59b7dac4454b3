#include "region/objects/lifecycle_facts.hpp"

#include <algorithm>
#include <array>

namespace cloudshelf::objects {
namespace {

/// From warm to cold, as S3's transitions go.
constexpr auto classes = std::to_array<std::string_view>({
    "STANDARD",
    "STANDARD_IA",
    "INTELLIGENT_TIERING",
    "ONEZONE_IA",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
});

bool is_colder(std::string_view next, std::string_view now) {
    return std::ranges::find(classes, next) > std::ranges::find(classes, now.empty() ? classes.front() : now);
}

std::optional<LifecycleStep> transition(const Version& version, std::optional<s3::LifecycleDue> due) {
    if (!due || !is_colder(due->storage_class, version.storage_class)) return std::nullopt;
    return LifecycleStep{.act = LifecycleAct::transition, .storage_class = std::move(due->storage_class)};
}

}  // namespace

s3::LifecycleSubject subject_of(const Version& version) {
    s3::LifecycleSubject subject{.key = version.key, .size = static_cast<std::int64_t>(version.size)};
    for (const auto& [key, value] : version.tags) subject.tags.push_back({.key = key, .value = value});
    return subject;
}

std::optional<LifecycleStep> step_due(
    const s3::LifecycleConfiguration& rules, const LifecycleFacts& facts, const LifecycleClock& clock
) {
    const Version& version = facts.version;
    const auto is_due = [&clock](const std::optional<s3::LifecycleDue>& due) {
        return due && due->at_ms <= clock.now_ms;
    };
    if (facts.latest && version.delete_marker) {
        const auto due = s3::delete_marker_due(rules, version.key, version.modified_ms, clock.day_seconds);
        if (!facts.alone || !is_due(due)) return std::nullopt;
        return LifecycleStep{.act = LifecycleAct::remove_marker};
    }
    const auto subject = subject_of(version);
    if (facts.latest) {
        if (is_due(s3::current_version_due(rules, subject, version.modified_ms, clock.day_seconds)))
            return LifecycleStep{.act = LifecycleAct::expire};
        return transition(
            version, s3::transition_due(rules, subject, version.modified_ms, clock.now_ms, clock.day_seconds)
        );
    }
    const auto since_ms = facts.noncurrent_since_ms;
    const auto newer = facts.newer_noncurrent;
    if (is_due(s3::noncurrent_version_due(rules, subject, since_ms, newer, clock.day_seconds)))
        return LifecycleStep{.act = LifecycleAct::remove};
    if (version.delete_marker) return std::nullopt;
    return transition(
        version, s3::noncurrent_transition_due(rules, subject, since_ms, newer, clock.now_ms, clock.day_seconds)
    );
}

Result<std::optional<LifecycleFacts>> facts_of(
    const changelog::View& view,
    const Storage& storage,
    BucketNumber bucket,
    const Version& version,
    std::int64_t newer_max
) {
    const std::string key_place = object_place(bucket, version.key);
    const std::string place = version_place(bucket, version.key, version.stamp);
    const auto record = view.get(storage.versions, place);
    if (!record) return fail(record.error());
    if (!*record) return std::nullopt;
    auto stored = decode_version(**record);
    if (!stored) return fail(stored.error());
    LifecycleFacts facts{.version = std::move(*stored)};

    // Newest first: what is newer lies before it, the successor right before.
    std::int64_t newer = 0;
    std::optional<Result<Version>> successor;
    const auto count = [&](std::string_view, std::string_view value) {
        if (newer++ == 0) successor = decode_version(value);
        return newer <= newer_max;
    };
    const changelog::KeyRange before{.from = key_place, .until = place};
    if (auto scanned = view.scan(storage.versions, before, count, changelog::Order::descending); !scanned)
        return fail(scanned.error());
    if (successor && !*successor) return fail(successor->error());
    facts.latest = newer == 0;
    if (successor) {
        facts.noncurrent_since_ms = (*successor)->modified_ms;
        facts.newer_noncurrent = newer - 1;
        return facts;
    }
    facts.alone = true;
    const auto other = [&facts](std::string_view, std::string_view) { return facts.alone = false; };
    const changelog::KeyRange behind{.from = behind_all(place), .until = behind_all(key_place)};
    if (auto scanned = view.scan(storage.versions, behind, other); !scanned) return fail(scanned.error());
    return facts;
}

std::int64_t newer_versions_max(const s3::LifecycleConfiguration& rules) {
    std::int64_t most = 0;
    for (const auto& rule : rules.rules) {
        if (rule.noncurrent_expiration) most = std::max(most, rule.noncurrent_expiration->newer_versions.value_or(0));
        for (const auto& transition : rule.noncurrent_transitions)
            most = std::max(most, transition.newer_versions.value_or(0));
    }
    return most + 1;  // the current version is newer too
}

}  // namespace cloudshelf::objects
