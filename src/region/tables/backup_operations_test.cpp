// Goal: a backup is the table as it was at one moment, and what is restored of it is that and nothing else.
#include "region/tables/backup_operations.hpp"

#include "region/tables/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <fstream>

namespace cloudshelf::tables {
namespace {

io::Task<void> put(Region& region, int number, int version) {
    auto body =
        fmt::format(R"({{"TableName":"Carts","Item":{{"p":{{"S":"k{}"}},"v":{{"N":"{}"}}}}}})", number, version);
    const auto answer = co_await region.ask("PutItem", std::move(body));
    EXPECT_EQ(boost::json::serialize(answer), "{}");
}

io::Task<std::string> items_of(Region& region, std::string table, int count) {
    std::string items;
    for (int i = 0; i < count; ++i) {
        auto body = fmt::format(R"({{"TableName":"{}","Key":{{"p":{{"S":"k{}"}}}}}})", table, i);
        items += boost::json::serialize(co_await region.ask("GetItem", std::move(body))) + "\n";
    }
    co_return items;
}

io::Task<std::string> back_up(Region& region) {
    const auto made = co_await region.ask("CreateBackup", R"({"TableName":"Carts","BackupName":"daily"})");
    const auto* details = made.as_object().if_contains("BackupDetails");
    EXPECT_NE(details, nullptr) << boost::json::serialize(made);
    co_return details == nullptr ? "" : std::string(details->at("BackupArn").as_string());
}

std::string restore_of(const std::string& arn) {
    return fmt::format(R"({{"TargetTableName":"Restored","BackupArn":"{}"}})", arn);
}

ASYNC_TEST(BackupOperations, RestoredTableIsTheMomentOfTheBackup) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.ask("CreateTable", create_carts());
    for (int i = 0; i < 150; ++i) co_await put(region, i, 1);
    const auto then = co_await items_of(region, "Carts", 200);
    const auto arn = co_await back_up(region);
    for (int i = 100; i < 200; ++i) co_await put(region, i, 2);
    const auto restored = co_await region.ask("RestoreTableFromBackup", restore_of(arn));
    EXPECT_EQ(restored.at("TableDescription").at("TableStatus").as_string(), "CREATING");
    EXPECT_EQ(co_await items_of(region, "Restored", 200), then);
    EXPECT_NE(co_await items_of(region, "Carts", 200), then);
    const auto again = co_await region.ask("RestoreTableFromBackup", restore_of(arn));
    EXPECT_TRUE(again.at("__type").as_string().ends_with("#TableAlreadyExistsException"));
    const auto table = co_await region.ask("DescribeTable", R"({"TableName":"Restored"})");
    EXPECT_EQ(table.at("Table").at("TableStatus").as_string(), "ACTIVE");
    EXPECT_EQ(table.at("Table").at("ItemCount").to_number<int>(), 150);
    co_await region.stop();
}

ASYNC_TEST(BackupOperations, DamagedBackupLeavesNoTable) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.ask("CreateTable", create_carts());
    co_await put(region, 1, 1);
    const auto arn = co_await back_up(region);
    const auto chunk = region.folder / "data" / "backups" / arn.substr(arn.rfind('/') + 1) / "chunk-000001";
    std::fstream(chunk, std::ios::in | std::ios::out).put('!');
    const auto refused = co_await region.ask("RestoreTableFromBackup", restore_of(arn));
    EXPECT_TRUE(boost::json::serialize(refused).contains("chunk-000001")) << boost::json::serialize(refused);
    const auto table = co_await region.ask("DescribeTable", R"({"TableName":"Restored"})");
    EXPECT_TRUE(table.at("__type").as_string().ends_with("#ResourceNotFoundException"));
    co_await region.stop();
}

ASYNC_TEST(BackupOperations, ListsPageByPageAndForgetsTheDeleted) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.ask("CreateTable", create_carts());
    std::vector<std::string> made;
    for (int i = 0; i < 3; ++i) {
        region.wall_ms += 1000;
        made.push_back(co_await back_up(region));
    }
    const auto first = co_await region.ask("ListBackups", R"({"TableName":"Carts","Limit":2})");
    EXPECT_EQ(first.at("BackupSummaries").as_array().size(), 2u);
    const auto next = fmt::format(
        R"({{"ExclusiveStartBackupArn":"{}"}})", std::string(first.at("LastEvaluatedBackupArn").as_string())
    );
    const auto second = co_await region.ask("ListBackups", next);
    EXPECT_EQ(second.at("BackupSummaries").at(0).at("BackupArn").as_string(), made[2]);
    EXPECT_FALSE(second.as_object().contains("LastEvaluatedBackupArn"));
    const auto named = fmt::format(R"({{"BackupArn":"{}"}})", made[0]);
    const auto deleted = co_await region.ask("DeleteBackup", named);
    EXPECT_EQ(deleted.at("BackupDescription").at("BackupDetails").at("BackupStatus").as_string(), "DELETED");
    const auto gone = co_await region.ask("DescribeBackup", named);
    EXPECT_TRUE(gone.at("__type").as_string().ends_with("#BackupNotFoundException"));
    co_await region.stop();
}

}  // namespace
}  // namespace cloudshelf::tables
