#include "wire/s3/lifecycle_due.hpp"

#include <ranges>

namespace cloudshelf::s3 {
namespace {

/// A view: both arguments outlive it.
auto rules_for(const LifecycleConfiguration& configuration, const LifecycleSubject& subject) {
    return configuration.rules | std::views::filter([&](const LifecycleRule& rule) {
               return rule.enabled && matches(rule.filter, subject.key, subject.tags, subject.size);
           });
}

void keep_earlier(std::optional<LifecycleDue>& due, std::int64_t at_ms, const LifecycleRule& rule) {
    if (!due || at_ms < due->at_ms) due = LifecycleDue{.at_ms = at_ms, .rule_id = rule.id};
}

/// Of two at the same time the first stands; a later one has moved the version on.
void keep_later(
    std::optional<LifecycleDue>& due, std::int64_t at_ms, const LifecycleRule& rule, const std::string& storage_class
) {
    if (!due || at_ms > due->at_ms)
        due = LifecycleDue{.at_ms = at_ms, .rule_id = rule.id, .storage_class = storage_class};
}

/// Whether there are as many newer ones as are to be kept.
bool may_go(std::optional<std::int64_t> newer_versions, std::int64_t newer_noncurrent) {
    return newer_noncurrent >= newer_versions.value_or(0);
}

}  // namespace

std::int64_t days_after(std::int64_t time_ms, std::int64_t days, std::int64_t day_seconds) {
    const std::int64_t day_ms = day_seconds * 1000;
    const std::int64_t at_ms = time_ms + days * day_ms;
    if (day_seconds != seconds_of_a_day) return at_ms;
    return (at_ms + day_ms - 1) / day_ms * day_ms;
}

std::optional<LifecycleDue> current_version_due(
    const LifecycleConfiguration& configuration,
    const LifecycleSubject& subject,
    std::int64_t modified_ms,
    std::int64_t day_seconds
) {
    std::optional<LifecycleDue> due;
    for (const auto& rule : rules_for(configuration, subject)) {
        if (!rule.expiration) continue;
        if (rule.expiration->days)
            keep_earlier(due, days_after(modified_ms, *rule.expiration->days, day_seconds), rule);
        if (rule.expiration->date_ms) keep_earlier(due, *rule.expiration->date_ms, rule);
    }
    return due;
}

std::optional<LifecycleDue> noncurrent_version_due(
    const LifecycleConfiguration& configuration,
    const LifecycleSubject& subject,
    std::int64_t noncurrent_since_ms,
    std::int64_t newer_noncurrent,
    std::int64_t day_seconds
) {
    std::optional<LifecycleDue> due;
    for (const auto& rule : rules_for(configuration, subject)) {
        const auto& expiration = rule.noncurrent_expiration;
        if (!expiration || !may_go(expiration->newer_versions, newer_noncurrent)) continue;
        keep_earlier(due, days_after(noncurrent_since_ms, expiration->days, day_seconds), rule);
    }
    return due;
}

std::optional<LifecycleDue> delete_marker_due(
    const LifecycleConfiguration& configuration,
    std::string_view key,
    std::int64_t modified_ms,
    std::int64_t day_seconds
) {
    std::optional<LifecycleDue> due;
    for (const auto& rule : configuration.rules) {
        // A marker has neither tags nor a size: rules that ask for them are not for it.
        const auto& filter = rule.filter;
        if (!rule.enabled || !rule.expiration || !key.starts_with(filter.prefix)) continue;
        if (!filter.tags.empty() || filter.size_greater_than || filter.size_less_than) continue;
        if (rule.expiration->expired_object_delete_marker == true) keep_earlier(due, modified_ms, rule);
        if (rule.expiration->days)
            keep_earlier(due, days_after(modified_ms, *rule.expiration->days, day_seconds), rule);
        if (rule.expiration->date_ms) keep_earlier(due, *rule.expiration->date_ms, rule);
    }
    return due;
}

std::optional<LifecycleDue> upload_due(
    const LifecycleConfiguration& configuration,
    std::string_view key,
    std::int64_t initiated_ms,
    std::int64_t day_seconds
) {
    std::optional<LifecycleDue> due;
    const LifecycleSubject subject{.key = key};
    for (const auto& rule : rules_for(configuration, subject)) {
        if (rule.abort_uploads_days)
            keep_earlier(due, days_after(initiated_ms, *rule.abort_uploads_days, day_seconds), rule);
    }
    return due;
}

std::optional<LifecycleDue> transition_due(
    const LifecycleConfiguration& configuration,
    const LifecycleSubject& subject,
    std::int64_t modified_ms,
    std::int64_t now_ms,
    std::int64_t day_seconds
) {
    std::optional<LifecycleDue> due;
    for (const auto& rule : rules_for(configuration, subject)) {
        for (const auto& transition : rule.transitions) {
            const auto at_ms = transition.days ? days_after(modified_ms, *transition.days, day_seconds)
                                               : transition.date_ms.value_or(0);
            if (at_ms <= now_ms) keep_later(due, at_ms, rule, transition.storage_class);
        }
    }
    return due;
}

std::optional<LifecycleDue> noncurrent_transition_due(
    const LifecycleConfiguration& configuration,
    const LifecycleSubject& subject,
    std::int64_t noncurrent_since_ms,
    std::int64_t newer_noncurrent,
    std::int64_t now_ms,
    std::int64_t day_seconds
) {
    std::optional<LifecycleDue> due;
    for (const auto& rule : rules_for(configuration, subject)) {
        for (const auto& transition : rule.noncurrent_transitions) {
            if (!may_go(transition.newer_versions, newer_noncurrent)) continue;
            const auto at_ms = days_after(noncurrent_since_ms, transition.days, day_seconds);
            if (at_ms <= now_ms) keep_later(due, at_ms, rule, transition.storage_class);
        }
    }
    return due;
}

}  // namespace cloudshelf::s3
