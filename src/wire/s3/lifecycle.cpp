#include "wire/s3/lifecycle.hpp"

#include "wire/s3/date.hpp"
#include "wire/s3/xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace cloudshelf::s3 {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

std::int64_t positive(Fields& fields, std::int64_t number, std::string_view element, std::string_view action) {
    if (number < 1 || number > std::numeric_limits<std::int32_t>::max()) {
        fields.complain(
            errors::invalid_argument(fmt::format("'{}' for {} action must be a positive integer", element, action))
        );
        return 1;
    }
    return number;
}

std::optional<std::int64_t> read_date(Fields& fields) {
    const auto date_ms = fields.time("Date");
    if (date_ms && *date_ms % day_ms != 0) fields.complain(errors::invalid_argument("'Date' must be at midnight GMT"));
    return date_ms;
}

LifecycleExpiration read_expiration(Fields& fields) {
    LifecycleExpiration expiration;
    if (const auto days = fields.number("Days")) expiration.days = positive(fields, *days, "Days", "Expiration");
    expiration.date_ms = read_date(fields);
    expiration.expired_object_delete_marker = fields.flag("ExpiredObjectDeleteMarker");
    const int given = int{expiration.days.has_value()} + int{expiration.date_ms.has_value()} +
                      int{expiration.expired_object_delete_marker.has_value()};
    if (given != 1) fields.malformed();
    return expiration;
}

/// From S3's classes those that objects may move to.
std::string read_storage_class(Fields& fields) {
    constexpr auto classes = std::to_array<std::string_view>(
        {"STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"}
    );
    auto storage_class = fields.need_text("StorageClass");
    if (std::ranges::find(classes, storage_class) == classes.end()) fields.malformed();
    return storage_class;
}

LifecycleTransition read_transition(Fields& fields) {
    LifecycleTransition transition;
    transition.days = fields.number("Days");
    transition.date_ms = read_date(fields);
    if (transition.days && (*transition.days < 0 || *transition.days > std::numeric_limits<std::int32_t>::max()))
        fields.complain(errors::invalid_argument("'Days' in Transition action must be nonnegative"));
    if (transition.days.has_value() == transition.date_ms.has_value()) fields.malformed();
    transition.storage_class = read_storage_class(fields);
    return transition;
}

std::optional<std::int64_t> read_newer_versions(Fields& fields) {
    constexpr std::int64_t newer_versions_max = 100;
    const auto newer = fields.number("NewerNoncurrentVersions");
    if (newer && (*newer < 1 || *newer > newer_versions_max)) {
        fields.complain(
            errors::invalid_argument("'NewerNoncurrentVersions' must be a positive integer not greater than 100")
        );
    }
    return newer;
}

NoncurrentVersionExpiration read_noncurrent_expiration(Fields& fields) {
    const auto days = fields.need_number("NoncurrentDays");
    return {
        .days = positive(fields, days, "NoncurrentDays", "NoncurrentVersionExpiration"),
        .newer_versions = read_newer_versions(fields),
    };
}

NoncurrentVersionTransition read_noncurrent_transition(Fields& fields) {
    const auto days = fields.need_number("NoncurrentDays");
    if (days < 0 || days > std::numeric_limits<std::int32_t>::max()) {
        fields.complain(
            errors::invalid_argument("'NoncurrentDays' in NoncurrentVersionTransition action must be nonnegative")
        );
    }
    return {.days = days, .newer_versions = read_newer_versions(fields), .storage_class = read_storage_class(fields)};
}

/// What S3 asks of a rule as a whole.
void check(Fields& fields, const LifecycleRule& rule) {
    if (!rule.expiration && rule.transitions.empty() && !rule.noncurrent_expiration &&
        rule.noncurrent_transitions.empty() && !rule.abort_uploads_days)
        fields.complain(errors::invalid_request("At least one action needs to be specified in a rule"));
    const bool by_size = rule.filter.size_greater_than || rule.filter.size_less_than;
    if (rule.abort_uploads_days && !rule.filter.tags.empty())
        fields.complain(errors::invalid_request("AbortIncompleteMultipartUpload cannot be specified with Tags"));
    if (rule.abort_uploads_days && by_size)
        fields.complain(errors::invalid_request("AbortIncompleteMultipartUpload cannot be specified with ObjectSize"));
    const bool markers = rule.expiration && rule.expiration->expired_object_delete_marker;
    if (markers && !rule.filter.tags.empty())
        fields.complain(errors::invalid_request("ExpiredObjectDeleteMarker cannot be specified with Tags"));
    if (markers && by_size)
        fields.complain(errors::invalid_request("ExpiredObjectDeleteMarker cannot be specified with ObjectSize"));
    for (const auto& transition : rule.transitions) {
        if (!rule.expiration || !rule.expiration->days || !transition.days) continue;
        if (*rule.expiration->days > *transition.days) continue;
        fields.complain(errors::invalid_argument(fmt::format(
            "'Days' in the Expiration action for filter '(prefix={})' must be greater than 'Days' in the Transition "
            "action",
            rule.filter.prefix
        )));
    }
}

LifecycleRule read_rule(Fields& fields) {
    LifecycleRule rule;
    rule.id = fields.text("ID").value_or("");
    rule.enabled = fields.need_enabled("Status");
    const bool filtered =
        fields.inside("Filter", [&](Fields& filter) { rule.filter = read_filter(filter, FilterSizes::taken); });
    if (auto prefix = fields.text("Prefix")) {
        if (filtered) fields.malformed();
        check_prefix(fields, *prefix);
        rule.v1 = true;
        rule.filter.prefix = std::move(*prefix);
    }
    if (!filtered && !rule.v1) fields.malformed();
    fields.inside("Expiration", [&](Fields& expiration) { rule.expiration = read_expiration(expiration); });
    fields.each("Transition", [&](Fields& transition) { rule.transitions.push_back(read_transition(transition)); });
    fields.inside("NoncurrentVersionExpiration", [&](Fields& expiration) {
        rule.noncurrent_expiration = read_noncurrent_expiration(expiration);
    });
    fields.each("NoncurrentVersionTransition", [&](Fields& transition) {
        rule.noncurrent_transitions.push_back(read_noncurrent_transition(transition));
    });
    fields.inside("AbortIncompleteMultipartUpload", [&](Fields& abort) {
        rule.abort_uploads_days = positive(
            abort, abort.need_number("DaysAfterInitiation"), "DaysAfterInitiation", "AbortIncompleteMultipartUpload"
        );
    });
    check(fields, rule);
    return rule;
}

void write_transition(XmlWriter& writer, const LifecycleTransition& transition) {
    writer.open("Transition");
    writer.element("Days", transition.days);
    if (transition.date_ms) writer.element("Date", print_timestamp(*transition.date_ms));
    writer.element("StorageClass", transition.storage_class);
    writer.close();
}

void write_rule(XmlWriter& writer, const LifecycleRule& rule) {
    writer.open("Rule");
    writer.element("ID", rule.id);
    if (rule.v1) {
        writer.element("Prefix", rule.filter.prefix);
    } else {
        write_filter(writer, rule.filter);
    }
    writer.element("Status", rule.enabled ? "Enabled" : "Disabled");
    for (const auto& transition : rule.transitions) write_transition(writer, transition);
    if (const auto& expiration = rule.expiration) {
        writer.open("Expiration");
        writer.element("Days", expiration->days);
        if (expiration->date_ms) writer.element("Date", print_timestamp(*expiration->date_ms));
        writer.element("ExpiredObjectDeleteMarker", expiration->expired_object_delete_marker);
        writer.close();
    }
    for (const auto& transition : rule.noncurrent_transitions) {
        writer.open("NoncurrentVersionTransition");
        writer.element("NoncurrentDays", transition.days);
        writer.element("NewerNoncurrentVersions", transition.newer_versions);
        writer.element("StorageClass", transition.storage_class);
        writer.close();
    }
    if (const auto& expiration = rule.noncurrent_expiration) {
        writer.open("NoncurrentVersionExpiration");
        writer.element("NoncurrentDays", expiration->days);
        writer.element("NewerNoncurrentVersions", expiration->newer_versions);
        writer.close();
    }
    if (rule.abort_uploads_days) {
        writer.open("AbortIncompleteMultipartUpload");
        writer.element("DaysAfterInitiation", *rule.abort_uploads_days);
        writer.close();
    }
    writer.close();
}

}  // namespace

Result<LifecycleConfiguration> parse_lifecycle_configuration(std::string_view body) {
    const auto read = [](Fields& root, LifecycleConfiguration& configuration) {
        root.each("Rule", [&](Fields& rule) { configuration.rules.push_back(read_rule(rule)); });
        if (configuration.rules.empty() || configuration.rules.size() > rules_max) root.malformed();
        finish_ids(root, configuration.rules);
    };
    return read_document<LifecycleConfiguration>(body, "LifecycleConfiguration", read);
}

std::string print(const LifecycleConfiguration& configuration) {
    XmlWriter writer("LifecycleConfiguration");
    for (const auto& rule : configuration.rules) write_rule(writer, rule);
    return writer.finish();
}

}  // namespace cloudshelf::s3
