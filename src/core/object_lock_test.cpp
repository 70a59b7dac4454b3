// Goal: a locked version is deleted by nobody before its time, and its retention only ever grows.
#include "core/object_lock.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

constexpr auto no = BypassGovernance::no;
constexpr auto yes = BypassGovernance::yes;
constexpr std::int64_t now = 1000;

TEST(ObjectLock, keeps_until_its_time) {
    EXPECT_TRUE(may_delete({}, now, no));
    const ObjectLock compliance{.mode = LockMode::compliance, .until_ms = 1001};
    EXPECT_FALSE(may_delete(compliance, now, no));
    EXPECT_FALSE(may_delete(compliance, now, yes)) << "nobody passes by compliance";
    EXPECT_TRUE(may_delete(compliance, 1001, no)) << "its time is over";
    const ObjectLock governance{.mode = LockMode::governance, .until_ms = 1001};
    EXPECT_FALSE(may_delete(governance, now, no));
    EXPECT_TRUE(may_delete(governance, now, yes));
}

TEST(ObjectLock, a_legal_hold_has_no_end_and_no_exception) {
    EXPECT_FALSE(may_delete({.legal_hold = true}, now, yes));
    const ObjectLock over{.mode = LockMode::compliance, .until_ms = 1, .legal_hold = true};
    EXPECT_FALSE(may_delete(over, now, yes));
}

TEST(ObjectLock, retention_grows_only) {
    const ObjectLock governance{.mode = LockMode::governance, .until_ms = 2000};
    const ObjectLock compliance{.mode = LockMode::compliance, .until_ms = 2000};
    EXPECT_TRUE(may_retain({}, governance, now, no));
    EXPECT_TRUE(may_retain(governance, {.mode = LockMode::governance, .until_ms = 2001}, now, no)) << "longer";
    EXPECT_FALSE(may_retain(governance, compliance, now, no)) << "stricter";
    EXPECT_TRUE(may_retain(governance, compliance, now, yes)) << "stricter, passed by";
    EXPECT_FALSE(may_retain(governance, {.mode = LockMode::governance, .until_ms = 1999}, now, no)) << "shorter";
    EXPECT_FALSE(may_retain(governance, {}, now, no)) << "none";
    EXPECT_TRUE(may_retain(governance, {}, now, yes)) << "passed by";
    EXPECT_FALSE(may_retain(compliance, governance, now, yes)) << "laxer";
    EXPECT_FALSE(may_retain(compliance, {.mode = LockMode::compliance, .until_ms = 1999}, now, yes));
    EXPECT_TRUE(may_retain(compliance, {}, 2000, no)) << "it has run out";
}

}  // namespace
}  // namespace cloudshelf::core
