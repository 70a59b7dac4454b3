#pragma once

#include "base/result.hpp"
#include "wire/s3/lock_mode.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::s3 {

/// "GOVERNANCE", "COMPLIANCE"
std::string_view to_string(LockMode mode);

/// Either days or years.
struct DefaultRetention {
    LockMode mode = LockMode::governance;
    std::optional<std::int64_t> days = {};
    std::optional<std::int64_t> years = {};
    bool operator==(const DefaultRetention&) const = default;
};

/// Body of PutObjectLockConfiguration, answer of GetObjectLockConfiguration: that a bucket's objects may be locked, and
/// how they are without being asked.
struct ObjectLockConfiguration {
    std::optional<DefaultRetention> retention = {};
    bool operator==(const ObjectLockConfiguration&) const = default;
};
/// Errors: MalformedXML; InvalidArgument for a period that is not positive or longer than 100 years.
Result<ObjectLockConfiguration> parse_object_lock_configuration(std::string_view body);
std::string print(const ObjectLockConfiguration& configuration);

/// Until when an object locked at a time is kept, in ms since 1970; a year has 365 days.
std::int64_t retained_until_ms(const DefaultRetention& retention, std::int64_t locked_ms);

/// Body of PutObjectRetention, answer of GetObjectRetention. Both or, to take a lock away, neither.
struct Retention {
    std::optional<LockMode> mode = {};
    std::optional<std::int64_t> retain_until_ms = {};
    bool operator==(const Retention&) const = default;
};
/// Errors: MalformedXML. Whether the date is still to come is the caller's to judge.
Result<Retention> parse_retention(std::string_view body);
std::string print(const Retention& retention);

/// Body of PutObjectLegalHold, answer of GetObjectLegalHold.
struct LegalHold {
    bool on = false;
    bool operator==(const LegalHold&) const = default;
};
Result<LegalHold> parse_legal_hold(std::string_view body);
std::string print(const LegalHold& hold);

}  // namespace cloudshelf::s3
