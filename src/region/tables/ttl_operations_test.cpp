// Goal: expired items really go, whatever was there when time to live was enabled, and nothing else does. Method: a
// service whose clock is moved; items are written as any writer of the log writes them.
#include "region/tables/expiry.hpp"
#include "region/tables/expiry_filler.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/service_test.hpp"
#include "region/tables/sweeper.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>

#include <optional>

namespace cloudshelf::tables {
namespace {

using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::Number;

/// Writes an item with that time to live (of whatever type), or one without.
io::Task<void> put(Region* region, std::string key, std::optional<AttributeValue> ttl) {
    Item item;
    item.set("p", AttributeValue(key));
    if (ttl) item.set("ttl", *ttl);
    const NewItem made(item);
    auto& service = *region->service;
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const auto table = service.catalogue().decided("Carts");
        const auto at = item_key(*table, made.item);
        const auto was = find_item(batch, service.storage(), at);
        if (!was) return fail(was.error());
        return write_item(batch, service.storage(), *table, at, *was, &made);
    };
    const auto written = co_await service.log().write(std::move(decision));
    EXPECT_TRUE(written);
}

AttributeValue seconds(std::int64_t value) {
    return AttributeValue(Number(value));
}

std::int64_t items_of(Region& region) {
    const auto table = region.service->catalogue().find("Carts");
    return count_of(region.service->log().view(), region.service->storage(), table->number).value().items;
}

const std::string enable = R"({"TableName":"Carts","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}})";
const std::string disable =
    R"({"TableName":"Carts","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":false}})";

ASYNC_TEST(TimeToLive, ExpiredItemsGo) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.ask("CreateTable", create_carts());
    co_await region.ask("UpdateTimeToLive", enable);
    const auto now = region.wall_ms / 1000;
    co_await put(&region, "soon", seconds(now + 10));
    co_await put(&region, "later", seconds(now + 1000));
    co_await put(&region, "never", std::nullopt);
    co_await put(&region, "text", AttributeValue(std::to_string(now - 10)));
    co_await put(&region, "more than five years ago", seconds(now - 6 * 365 * 86'400LL));
    co_await put(&region, "prolonged", seconds(now + 5));
    co_await put(&region, "prolonged", seconds(now + 2000));
    EXPECT_EQ((co_await sweep_once(*region.service)).value(), 0u);
    region.wall_ms += 11'000;
    EXPECT_EQ((co_await sweep_once(*region.service)).value(), 1u);
    EXPECT_EQ((co_await sweep_once(*region.service)).value(), 0u);
    EXPECT_EQ(items_of(region), 5);
    region.wall_ms += 1'000'000;
    EXPECT_EQ((co_await sweep_once(*region.service)).value(), 1u);
    EXPECT_EQ(items_of(region), 4);
    co_await region.stop();
}

ASYNC_TEST(TimeToLive, ItemsFromBeforeItWasEnabledGoToo) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.ask("CreateTable", create_carts());
    const auto now = region.wall_ms / 1000;
    for (int i = 0; i < 1200; ++i) co_await put(&region, std::to_string(i), seconds(now - 1));
    co_await put(&region, "never", std::nullopt);
    co_await region.ask("UpdateTimeToLive", enable);
    // The service does it behind requests; done once more it changes nothing.
    co_await fill_expiry(*region.service);
    EXPECT_EQ((co_await sweep_once(*region.service)).value(), 1200u);
    EXPECT_EQ(items_of(region), 1);
    co_await region.stop();
}

ASYNC_TEST(TimeToLive, DisabledItLeavesEverything) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.ask("CreateTable", create_carts());
    co_await region.ask("UpdateTimeToLive", enable);
    const auto now = region.wall_ms / 1000;
    co_await put(&region, "a", seconds(now - 1));
    co_await region.ask("UpdateTimeToLive", disable);
    EXPECT_EQ((co_await sweep_once(*region.service)).value(), 0u);
    // What was noted of it is old by the time it is enabled again: the item lives longer now.
    co_await put(&region, "a", seconds(now + 100));
    co_await region.ask("UpdateTimeToLive", enable);
    co_await fill_expiry(*region.service);
    EXPECT_EQ((co_await sweep_once(*region.service)).value(), 0u);
    region.wall_ms += 200'000;
    EXPECT_EQ((co_await sweep_once(*region.service)).value(), 1u);
    co_await region.stop();
}

ASYNC_TEST(TimeToLive, IsToldAndRefused) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.ask("CreateTable", create_carts());
    const std::string named = R"({"TableName":"Carts"})";
    auto answer = co_await region.ask("DescribeTimeToLive", named);
    EXPECT_EQ(boost::json::serialize(answer), R"({"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}})");
    answer = co_await region.ask("UpdateTimeToLive", disable);
    EXPECT_EQ(answer.at("message").as_string(), "TimeToLive is already disabled");
    answer = co_await region.ask("UpdateTimeToLive", enable);
    EXPECT_EQ(boost::json::serialize(answer), R"({"TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}})");
    answer = co_await region.ask("UpdateTimeToLive", enable);
    EXPECT_EQ(answer.at("message").as_string(), "TimeToLive is already enabled");
    answer = co_await region.ask("DescribeTimeToLive", named);
    EXPECT_EQ(
        boost::json::serialize(answer),
        R"({"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"ttl"}})"
    );
    co_await region.stop();
}

TEST(Expiry, KeysSortByTime) {
    const StorageNumber table(7);
    EXPECT_LT(encode_expiry(table, {255, "b"}), encode_expiry(table, {256, "a"}));
    const auto back = decode_expiry(encode_expiry(table, {1'790'000'000, std::string("k\0y", 3)}));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->seconds, 1'790'000'000u);
    EXPECT_EQ(back->item_key, std::string("k\0y", 3));
    EXPECT_FALSE(decode_expiry("short"));
}

}  // namespace
}  // namespace cloudshelf::tables
