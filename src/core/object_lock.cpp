#include "core/object_lock.hpp"

namespace cloudshelf::core {
namespace {

/// Whether the retention holds against who asks.
bool retains(const ObjectLock& lock, std::int64_t now_ms, BypassGovernance bypass) {
    if (lock.mode == LockMode::none || lock.until_ms <= now_ms) return false;
    return lock.mode == LockMode::compliance || bypass == BypassGovernance::no;
}

}  // namespace

bool may_delete(const ObjectLock& lock, std::int64_t now_ms, BypassGovernance bypass) {
    return !lock.legal_hold && !retains(lock, now_ms, bypass);
}

bool may_retain(const ObjectLock& now, const ObjectLock& next, std::int64_t now_ms, BypassGovernance bypass) {
    if (!retains(now, now_ms, bypass)) return true;
    return next.mode == now.mode && next.until_ms >= now.until_ms;
}

}  // namespace cloudshelf::core
