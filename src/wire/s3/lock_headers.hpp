#pragma once

#include "base/result.hpp"
#include "wire/s3/date.hpp"
#include "wire/s3/header_list.hpp"
#include "wire/s3/lock_mode.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// Protection from deletion as requests ask for it (S3 User Guide, "Locking objects with Object Lock").
namespace cloudshelf::s3 {

struct LockHeaders {
    struct Until {
        LockMode mode = LockMode::governance;
        Milliseconds date;
    };
    std::optional<Until> until;
    std::optional<bool> legal_hold;

    bool any() const { return until || legal_hold; }
};

/// x-amz-object-lock-mode, -retain-until-date, -legal-hold. Errors: InvalidArgument for an unknown mode or hold, for a
/// mode without a date or the other way round, and for a date that is none or not after `now`. Whether the bucket has
/// Object Lock is the caller's to see to.
Result<LockHeaders> lock_headers(HeaderList headers, Milliseconds now);

/// x-amz-bypass-governance-retention is "true".
bool bypasses_governance(HeaderList headers);

}  // namespace cloudshelf::s3
