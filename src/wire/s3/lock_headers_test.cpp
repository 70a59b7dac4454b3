#include "wire/s3/lock_headers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::s3 {
namespace {

using namespace std::chrono_literals;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr Milliseconds now = std::chrono::sys_days(2026y / 11 / 23);
const std::string mode = "x-amz-object-lock-mode";
const std::string date = "x-amz-object-lock-retain-until-date";
const std::string hold = "x-amz-object-lock-legal-hold";

std::string message(const Pairs& headers) {
    const auto read = lock_headers(headers, now);
    return read ? "good" : read.error().code + ": " + read.error().message;
}

TEST(LockHeaders, RetentionAndHold) {
    EXPECT_FALSE(lock_headers(Pairs{}, now).value().any());
    const auto lock = lock_headers(Pairs{{mode, "COMPLIANCE"}, {date, "2026-11-23T00:00:00.001Z"}, {hold, "OFF"}}, now);
    ASSERT_TRUE(lock && lock->until);
    EXPECT_EQ(lock->until->mode, LockMode::compliance);
    EXPECT_EQ(lock->until->date, now + 1ms);
    EXPECT_EQ(lock->legal_hold, false);
    EXPECT_EQ(lock_headers(Pairs{{hold, "ON"}}, now).value().legal_hold, true);
}

TEST(LockHeaders, RefusesWhatIsNone) {
    const std::string later = "2027-01-01T00:00:00Z";
    EXPECT_TRUE(message({{mode, "GOVERNANCE"}}).contains("must both be supplied"));
    EXPECT_TRUE(message({{date, later}}).contains("must both be supplied"));
    EXPECT_TRUE(message({{mode, "governance"}, {date, later}}).contains("Unknown wormMode"));
    EXPECT_TRUE(message({{mode, "GOVERNANCE"}, {date, "tomorrow"}}).contains("ISO 8601"));
    EXPECT_TRUE(message({{mode, "GOVERNANCE"}, {date, "2026-11-23T00:00:00Z"}}).contains("in the future"));
    EXPECT_TRUE(message({{hold, "on"}}).contains("Legal Hold"));
    EXPECT_TRUE(message({{hold, ""}}).starts_with("InvalidArgument"));
}

TEST(LockHeaders, Bypass) {
    EXPECT_FALSE(bypasses_governance(Pairs{}));
    EXPECT_FALSE(bypasses_governance(Pairs{{"x-amz-bypass-governance-retention", "false"}}));
    EXPECT_TRUE(bypasses_governance(Pairs{{"X-Amz-Bypass-Governance-Retention", "True"}}));
}

}  // namespace
}  // namespace cloudshelf::s3
