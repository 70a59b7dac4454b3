// Goal: a table comes back as it was at any second since continuous backups were switched on, and no other moment is
// promised. Method: random writes by a clock that is moved; after each second the table as it was is remembered.
#include "base/random.hpp"
#include "region/tables/continuous_backups.hpp"
#include "region/tables/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::int64_t day_ms = std::chrono::milliseconds(24h).count();

std::string shown(const json::value& answer) {
    return json::serialize(answer);
}

io::Task<std::unique_ptr<Region>> with_recovery() {
    auto region = std::make_unique<Region>(co_await boost::asio::this_coro::executor);
    const auto started = co_await region->start();
    EXPECT_TRUE(started);
    co_await region->ask("CreateTable", create_carts());
    const auto enabled = co_await region->ask(
        "UpdateContinuousBackups",
        R"({"TableName":"Carts","PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true}})"
    );
    EXPECT_TRUE(shown(enabled).contains(R"("PointInTimeRecoveryStatus":"ENABLED")")) << shown(enabled);
    co_return region;
}

io::Task<void> put(Region* region, int key, int value) {
    const auto answer = co_await region->ask(
        "PutItem", fmt::format(R"({{"TableName":"Carts","Item":{{"p":{{"S":"k{}"}},"n":{{"N":"{}"}}}}}})", key, value)
    );
    EXPECT_EQ(shown(answer), "{}");
}
io::Task<void> erase(Region* region, int key) {
    const auto answer =
        co_await region->ask("DeleteItem", fmt::format(R"({{"TableName":"Carts","Key":{{"p":{{"S":"k{}"}}}}}})", key));
    EXPECT_EQ(shown(answer), "{}");
}
io::Task<std::map<std::string, std::string>> all(Region* region, std::string table) {
    const auto answer = co_await region->ask("Scan", fmt::format(R"({{"TableName":"{}"}})", table));
    std::map<std::string, std::string> items;
    for (const auto& item : answer.at("Items").as_array())
        items[std::string(item.at("p").at("S").as_string())] = item.at("n").at("N").as_string();
    co_return items;
}
io::Task<json::value> restore(Region* region, std::string target, std::string moment) {
    co_return co_await region->ask(
        "RestoreTableToPointInTime",
        fmt::format(R"({{"SourceTableName":"Carts","TargetTableName":"{}",{}}})", target, moment)
    );
}
std::string at_second(std::int64_t ms) {
    return fmt::format(R"("RestoreDateTime":{})", ms / 1000);
}

ASYNC_TEST(Recovery, BringsBackAnySecond) {
    const char* given = std::getenv("CLOUDSHELF_SEED");
    const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    SCOPED_TRACE(fmt::format("CLOUDSHELF_SEED={}", seed));
    Random random(seed);
    const auto region = co_await with_recovery();
    std::map<std::int64_t, std::map<std::string, std::string>> seconds;
    for (int second = 0; second < 12; ++second) {
        region->wall_ms += 1000;
        for (int write = 0; write < 8; ++write) {
            const int key = static_cast<int>(random.below(6));
            if (random.below(4) == 0) {
                co_await erase(region.get(), key);
            } else {
                co_await put(region.get(), key, second * 100 + write);
            }
        }
        seconds[region->wall_ms] = co_await all(region.get(), "Carts");
        if (second == 5) {
            region->wall_ms += day_ms;  // time for another snapshot
            const auto kept = co_await keep_continuous_backups_once(*region->service);
            EXPECT_TRUE(kept);
        }
    }
    for (const auto& [ms, wanted] : seconds) {
        const auto name = fmt::format("at-{}", ms);
        const auto restored = co_await restore(region.get(), name, at_second(ms));
        EXPECT_TRUE(restored.as_object().contains("TableDescription")) << shown(restored);
        const auto got = co_await all(region.get(), name);
        EXPECT_EQ(got, wanted) << ms;
    }
    const auto latest = co_await restore(region.get(), "latest", R"("UseLatestRestorableTime":true)");
    EXPECT_TRUE(latest.as_object().contains("TableDescription")) << shown(latest);
    const auto got = co_await all(region.get(), "latest");
    EXPECT_EQ(got, seconds.rbegin()->second);
    co_await region->stop();
}

// Goal: the log stays as far back as the oldest snapshot needs it, over a restart too, and goes when nobody needs it.
ASYNC_TEST(Recovery, HoldsTheLogForAsLongAsItIsNeeded) {
    const auto region = co_await with_recovery();
    co_await put(region.get(), 1, 1);
    region->wall_ms += 3 * day_ms;
    const auto before = region->service->log().low_water();
    const auto held = co_await region->service->log().trim();
    EXPECT_TRUE(held && *held == before);
    co_await region->stop();
    REQUIRE(co_await region->start());
    const auto still = co_await region->service->log().trim();
    EXPECT_TRUE(still && *still == before);
    const auto restored = co_await restore(region.get(), "then", at_second(region->wall_ms - 2 * day_ms));
    EXPECT_TRUE(restored.as_object().contains("TableDescription")) << shown(restored);
    co_await region->ask(
        "UpdateContinuousBackups",
        R"({"TableName":"Carts","PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":false}})"
    );
    region->wall_ms += 3 * day_ms;
    const auto gone = co_await region->service->log().trim();
    EXPECT_TRUE(gone && *gone > before);
    co_await region->stop();
}

ASYNC_TEST(Recovery, RefusesMomentsThatItDoesNotHave) {
    const auto region = co_await with_recovery();
    const auto early = co_await restore(region.get(), "other", at_second(region->wall_ms - day_ms));
    EXPECT_TRUE(early.at("__type").as_string().ends_with("#InvalidRestoreTimeException")) << shown(early);
    const auto late = co_await restore(region.get(), "other", at_second(region->wall_ms + day_ms));
    EXPECT_TRUE(late.at("__type").as_string().ends_with("#InvalidRestoreTimeException")) << shown(late);
    const auto both = co_await restore(region.get(), "other", R"("UseLatestRestorableTime":true,"RestoreDateTime":1)");
    EXPECT_TRUE(both.at("__type").as_string().ends_with("#ValidationException")) << shown(both);
    const auto same = co_await restore(region.get(), "Carts", R"("UseLatestRestorableTime":true)");
    EXPECT_TRUE(same.at("__type").as_string().ends_with("#TableAlreadyExistsException")) << shown(same);
    co_await region->ask(
        "UpdateContinuousBackups",
        R"({"TableName":"Carts","PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":false}})"
    );
    const auto off = co_await restore(region.get(), "other", R"("UseLatestRestorableTime":true)");
    EXPECT_TRUE(off.at("__type").as_string().ends_with("#PointInTimeRecoveryUnavailableException")) << shown(off);
    co_await region->stop();
}

// Goal: a table that is deleted with continuous backups on leaves a last backup, which can be restored.
ASYNC_TEST(Recovery, ADeletedTableLeavesABackup) {
    const auto region = co_await with_recovery();
    co_await put(region.get(), 1, 7);
    const auto deleted = co_await region->ask("DeleteTable", R"({"TableName":"Carts"})");
    EXPECT_EQ(deleted.at("TableDescription").at("TableStatus").as_string(), "DELETING") << shown(deleted);
    for (const auto deadline = io::Deadline::after(10s); region->service->catalogue().find("Carts");) {
        REQUIRE(!deadline.passed());
        co_await io::wait_for(5ms);
    }
    const auto listed = co_await region->ask("ListBackups", R"({"BackupType":"SYSTEM"})");
    REQUIRE(listed.at("BackupSummaries").as_array().size() == 1);
    const auto& summary = listed.at("BackupSummaries").at(0);
    EXPECT_EQ(summary.at("BackupName").as_string(), "Carts$DeletedTableBackup");
    const std::string arn(summary.at("BackupArn").as_string());
    const auto restored = co_await region->ask(
        "RestoreTableFromBackup", fmt::format(R"({{"TargetTableName":"Carts","BackupArn":"{}"}})", arn)
    );
    EXPECT_TRUE(restored.as_object().contains("TableDescription")) << shown(restored);
    const auto got = co_await all(region.get(), "Carts");
    EXPECT_EQ(got, (std::map<std::string, std::string>{{"k1", "7"}}));
    co_await region->stop();
}

// Goal: what a crash left of a restore is removed at the start, and never another table that has its name by then.
ASYNC_TEST(Recovery, AStartRemovesOnlyTheTableThatWasBeingRestored) {
    const auto region = co_await with_recovery();
    const auto status_of_carts = [](Table table) {
        table.status = TableStatus::creating;
        return table;
    };
    const std::string id = region->service->catalogue().find("Carts")->id;
    const auto leave = [&](std::string id_left) -> io::Task<void> {
        const Catalogue::Change crash = [&](const Table* current, changelog::Batch& batch) {
            batch.put(region->service->storage().backups, "restoring/Carts", id_left);
            return Result<std::optional<Table>>(status_of_carts(*current));
        };
        EXPECT_TRUE(co_await region->service->catalogue().change("Carts", crash));
    };
    co_await leave("another table's");
    const auto refused = co_await region->ask("DeleteTable", R"({"TableName":"Carts"})");
    EXPECT_TRUE(refused.at("__type").as_string().ends_with("#ResourceInUseException")) << shown(refused);
    co_await region->stop();
    REQUIRE(co_await region->start());
    EXPECT_NE(region->service->catalogue().find("Carts"), nullptr);
    co_await leave(id);
    co_await region->stop();
    REQUIRE(co_await region->start());
    EXPECT_EQ(region->service->catalogue().find("Carts"), nullptr);
    co_await region->stop();
}

}  // namespace
}  // namespace cloudshelf::tables
