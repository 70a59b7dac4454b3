#include "wire/s3/object_lock.hpp"

#include "wire/s3/date.hpp"
#include "wire/s3/fields.hpp"
#include "wire/s3/xml.hpp"

namespace cloudshelf::s3 {
namespace {

constexpr std::int64_t years_max = 100;
constexpr std::int64_t days_max = 36'500;

void check_period(Fields& fields, std::optional<std::int64_t> period, std::int64_t period_max) {
    if (!period) return;
    if (*period < 1) {
        fields.complain(errors::invalid_argument("Default retention period must be a positive integer value"));
    } else if (*period > period_max) {
        fields.complain(errors::invalid_argument("Default retention period is too large"));
    }
}

DefaultRetention read_default(Fields& fields) {
    DefaultRetention retention;
    retention.mode = fields.need_word("Mode", {LockMode::governance, LockMode::compliance});
    retention.days = fields.number("Days");
    retention.years = fields.number("Years");
    if (retention.days.has_value() == retention.years.has_value()) fields.malformed();
    check_period(fields, retention.days, days_max);
    check_period(fields, retention.years, years_max);
    return retention;
}

}  // namespace

std::string_view to_string(LockMode mode) {
    return mode == LockMode::governance ? "GOVERNANCE" : "COMPLIANCE";
}

Result<ObjectLockConfiguration> parse_object_lock_configuration(std::string_view body) {
    const auto read = [](Fields& root, ObjectLockConfiguration& configuration) {
        if (root.need_text("ObjectLockEnabled") != "Enabled") root.malformed();
        root.inside("Rule", [&](Fields& rule) {
            rule.need_inside("DefaultRetention", [&](Fields& fields) {
                configuration.retention = read_default(fields);
            });
        });
    };
    return read_document<ObjectLockConfiguration>(body, "ObjectLockConfiguration", read);
}

std::string print(const ObjectLockConfiguration& configuration) {
    XmlWriter writer("ObjectLockConfiguration");
    writer.element("ObjectLockEnabled", "Enabled");
    if (const auto& retention = configuration.retention) {
        writer.open("Rule");
        writer.open("DefaultRetention");
        writer.element("Mode", to_string(retention->mode));
        writer.element("Days", retention->days);
        writer.element("Years", retention->years);
    }
    return writer.finish();
}

std::int64_t retained_until_ms(const DefaultRetention& retention, std::int64_t locked_ms) {
    constexpr std::int64_t day_ms = 86'400'000;
    return locked_ms + (retention.days.value_or(0) + 365 * retention.years.value_or(0)) * day_ms;
}

Result<Retention> parse_retention(std::string_view body) {
    const auto read = [](Fields& root, Retention& retention) {
        retention.mode = root.word("Mode", {LockMode::governance, LockMode::compliance});
        retention.retain_until_ms = root.time("RetainUntilDate");
        if (retention.mode.has_value() != retention.retain_until_ms.has_value()) root.malformed();
    };
    return read_document<Retention>(body, "Retention", read);
}

std::string print(const Retention& retention) {
    XmlWriter writer("Retention");
    if (retention.mode) writer.element("Mode", to_string(*retention.mode));
    if (retention.retain_until_ms) writer.element("RetainUntilDate", print_timestamp(*retention.retain_until_ms));
    return writer.finish();
}

Result<LegalHold> parse_legal_hold(std::string_view body) {
    const auto read = [](Fields& root, LegalHold& hold) {
        const auto status = root.need_text("Status");
        hold.on = status == "ON";
        if (status != "ON" && status != "OFF") root.malformed();
    };
    return read_document<LegalHold>(body, "LegalHold", read);
}

std::string print(const LegalHold& hold) {
    XmlWriter writer("LegalHold");
    writer.element("Status", hold.on ? "ON" : "OFF");
    return writer.finish();
}

}  // namespace cloudshelf::s3
