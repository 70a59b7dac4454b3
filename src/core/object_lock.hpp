#pragma once

#include "base/result.hpp"

#include <cstdint>

namespace cloudshelf::core {

enum class LockMode : std::uint8_t { none, governance, compliance };

/// What keeps a version of an object from being deleted (Amazon S3 User Guide, "Locking objects with Object Lock").
struct ObjectLock {
    LockMode mode = LockMode::none;
    std::int64_t until_ms = 0;  // since 1970; meaningless where mode is none
    bool legal_hold = false;
    bool operator==(const ObjectLock&) const = default;
};

/// Whether who asks may pass by governance mode, and says so.
enum class BypassGovernance : bool { no, yes };

/// Whether a version under this lock may be deleted now. A legal hold and compliance mode keep it from everybody.
bool may_delete(const ObjectLock& lock, std::int64_t now_ms, BypassGovernance bypass);

/// Whether the retention of a version may become another one (its legal hold aside): longer always; shorter, none or
/// of another mode only when what is there has run out, or is governance that is passed by (S3 lets nobody else "alter
/// its lock settings", and stricter is altered too).
bool may_retain(const ObjectLock& now, const ObjectLock& next, std::int64_t now_ms, BypassGovernance bypass);

}  // namespace cloudshelf::core
