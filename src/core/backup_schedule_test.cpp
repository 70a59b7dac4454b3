#include "core/backup_schedule.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

constexpr std::int64_t hour = 3'600'000;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t now = 20'780 * day + 6 * hour;  // 2026-11-23 06:00 UTC

TableBackup daily() {
    return {
        .every = std::chrono::hours(24),
        .retention = std::chrono::hours(24 * 90),
        .name = "Carts-backup-{date}",
        .tags = {{"Environment", "production"}, {"RetentionDays", "90"}, {"BackupType", "daily-automated"}}
    };
}

KeptBackup made(std::string id, std::int64_t created_ms) {
    return {.id = id, .name = id, .table = "Carts", .created_ms = created_ms, .tags = daily().tags};
}

TEST(BackupSchedule, FirstBackupIsDueAtOnceWithThePlansNameAndTags) {
    const auto work = backup_work(daily(), "Carts", {}, now);
    ASSERT_TRUE(work.make);
    EXPECT_EQ(work.make->name, "Carts-backup-2026-11-23");
    EXPECT_EQ(work.make->tags, daily().tags);
    EXPECT_TRUE(work.expired.empty());
}

TEST(BackupSchedule, OneBackupADayWhoeverMadeIt) {
    EXPECT_FALSE(backup_work(daily(), "Carts", {made("today", now - 6 * hour)}, now).make);
    EXPECT_TRUE(backup_work(daily(), "Carts", {made("yesterday", now - 6 * hour - 1)}, now).make);
    EXPECT_TRUE(backup_work(daily(), "Sessions", {made("today", now)}, now).make);  // another table's
}

TEST(BackupSchedule, OneThatIsBeingMadeOrFromTheFutureIsEnough) {
    auto creating = made("today", now);
    creating.available = false;
    EXPECT_FALSE(backup_work(daily(), "Carts", {creating}, now).make);
    EXPECT_FALSE(backup_work(daily(), "Carts", {made("tomorrow", now + day)}, now).make);
}

TEST(BackupSchedule, BackupsThatPeopleMadeAreNeitherCountedNorExpired) {
    auto own = made("before-migration", now);
    own.tags = {};
    EXPECT_TRUE(backup_work(daily(), "Carts", {own}, now).make);
    own.created_ms = now - 400 * day;
    EXPECT_TRUE(backup_work(daily(), "Carts", {own, made("today", now)}, now).expired.empty());
}

TEST(BackupSchedule, ExpiresByItsTagTheOldestFirst) {
    const std::vector<KeptBackup> kept{
        made("today", now), made("91", now - 91 * day), made("90", now - 90 * day), made("89", now - 90 * day + 1)
    };
    EXPECT_EQ(backup_work(daily(), "Carts", kept, now).expired, (std::vector<std::string>{"91", "90"}));
}

TEST(BackupSchedule, TagThatIsNoNumberOfDaysNeverExpires) {
    for (const std::string text : {"", "x", "90 d", "-1", "0", "99999999999"}) {
        auto old = made("old", now - 400 * day);
        old.tags["RetentionDays"] = text;
        EXPECT_TRUE(backup_work(daily(), "Carts", {old, made("today", now)}, now).expired.empty()) << text;
    }
}

TEST(BackupSchedule, LastVerifiedBackupStaysHoweverOld) {
    auto verified = made("verified", now - 200 * day);
    verified.verified = true;
    const std::vector<KeptBackup> kept{verified, made("old", now - 100 * day), made("today", now)};
    EXPECT_EQ(backup_work(daily(), "Carts", kept, now).expired, std::vector<std::string>{"old"});
    EXPECT_TRUE(backup_work(daily(), "Carts", {made("only", now - 200 * day)}, now).expired.empty());
}

TEST(BackupSchedule, SeveralADayHaveNamesOfTheirOwn) {
    auto plan = daily();
    plan.every = std::chrono::hours(6);
    EXPECT_EQ(backup_name(plan, now), "Carts-backup-2026-11-23-0600");
    EXPECT_FALSE(backup_work(plan, "Carts", {made("0600", now)}, now + 6 * hour - 1).make);
    EXPECT_TRUE(backup_work(plan, "Carts", {made("0600", now)}, now + 6 * hour).make);
}

// Goal: whoever made a backup and ended before it was tagged leaves one that is taken up, not a second one.
TEST(BackupSchedule, OneThatWasNotTaggedIsTakenUp) {
    KeptBackup left = made("arn", now - hour);
    left.name = "Carts-backup-2026-11-23";
    left.tags.clear();
    const auto work = backup_work(daily(), "Carts", {left}, now);
    ASSERT_TRUE(work.make);
    EXPECT_EQ(work.make->untagged, "arn");
    left.name = "by hand";
    EXPECT_EQ(backup_work(daily(), "Carts", {left}, now).make->untagged, "");
}

}  // namespace
}  // namespace cloudshelf::core
