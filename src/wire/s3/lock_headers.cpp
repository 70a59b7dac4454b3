#include "wire/s3/lock_headers.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

namespace cloudshelf::s3 {
namespace {

Result<LockMode> parse_mode(std::string_view name) {
    if (name == "GOVERNANCE") return LockMode::governance;
    if (name == "COMPLIANCE") return LockMode::compliance;
    return fail(errors::invalid_argument("Unknown wormMode directive."));
}

Result<std::optional<LockHeaders::Until>> retention(HeaderList headers, Milliseconds now) {
    const auto named = find_header(headers, "x-amz-object-lock-mode");
    const auto dated = find_header(headers, "x-amz-object-lock-retain-until-date");
    if (!named && !dated) return std::nullopt;
    if (!named || !dated) {
        return fail(errors::invalid_argument(
            "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
        ));
    }
    const auto mode = parse_mode(*named);
    if (!mode) return std::unexpected(mode.error());
    const auto date = parse_iso_8601(*dated);
    if (!date) {
        return fail(errors::invalid_argument("The retain until date must be provided in ISO 8601 format"));
    }
    if (*date <= now) return fail(errors::invalid_argument("The retain until date must be in the future!"));
    return LockHeaders::Until{.mode = *mode, .date = *date};
}

}  // namespace

Result<LockHeaders> lock_headers(HeaderList headers, Milliseconds now) {
    LockHeaders lock;
    const auto until = retention(headers, now);
    if (!until) return std::unexpected(until.error());
    lock.until = *until;
    if (const auto hold = find_header(headers, "x-amz-object-lock-legal-hold")) {
        if (*hold != "ON" && *hold != "OFF") {
            return fail(errors::invalid_argument("Legal Hold must be either of 'ON' or 'OFF'"));
        }
        lock.legal_hold = *hold == "ON";
    }
    return lock;
}

bool bypasses_governance(HeaderList headers) {
    return text::equal_ignoring_case(header_or_empty(headers, "x-amz-bypass-governance-retention"), "true");
}

}  // namespace cloudshelf::s3
