// Goal: Query and Scan as a client sees them. Method: real requests to a region on a temporary folder; the order and
// the paging are compared with a sorted list.
#include "region/tables/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

std::string shown(const json::value& answer) {
    return json::serialize(answer);
}
std::string message(const json::value& answer) {
    const auto* text = answer.as_object().if_contains("message");
    return text ? std::string(text->as_string()) : "none: " + shown(answer);
}

io::Task<json::value> ask(Region* region, std::string operation, std::string members) {
    co_return co_await region->ask(std::move(operation), R"({"TableName":"Orders",)" + members + "}");
}

/// A table with hash key "h" (S) and sort key "s" (N), a local index by "t" and a global one by "g".
io::Task<std::unique_ptr<Region>> with_orders() {
    auto region = std::make_unique<Region>(co_await boost::asio::this_coro::executor);
    const auto started = co_await region->start();
    EXPECT_TRUE(started);
    const auto created = co_await ask(
        region.get(),
        "CreateTable",
        R"("BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"h","KeyType":"HASH"},)"
        R"({"AttributeName":"s","KeyType":"RANGE"}],"AttributeDefinitions":[)"
        R"({"AttributeName":"h","AttributeType":"S"},{"AttributeName":"s","AttributeType":"N"},)"
        R"({"AttributeName":"t","AttributeType":"S"},{"AttributeName":"g","AttributeType":"S"}],)"
        R"("LocalSecondaryIndexes":[{"IndexName":"by-t","KeySchema":[{"AttributeName":"h","KeyType":"HASH"},)"
        R"({"AttributeName":"t","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}],)"
        R"("GlobalSecondaryIndexes":[{"IndexName":"by-g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],)"
        R"("Projection":{"ProjectionType":"KEYS_ONLY"}}])"
    );
    EXPECT_TRUE(created.as_object().contains("TableDescription")) << shown(created);
    co_return region;
}

io::Task<void> put(Region* region, std::string hash, int sort, std::string more = "") {
    const auto answer = co_await ask(
        region, "PutItem", fmt::format(R"("Item":{{"h":{{"S":"{}"}},"s":{{"N":"{}"}}{}}})", hash, sort, more)
    );
    EXPECT_EQ(shown(answer), "{}");
}

std::vector<std::string> sorts(const json::value& answer) {
    std::vector<std::string> all;
    for (const auto& item : answer.at("Items").as_array()) all.emplace_back(item.at("s").at("N").as_string());
    return all;
}

// Goal: numbers sort as numbers, below zero too; every condition on the sort key reads its range and no more.
ASYNC_TEST(Query, ReadsARangeInOrder) {
    const auto region = co_await with_orders();
    for (const int sort : {10, -2, 9, 0, -10, 100}) co_await put(region.get(), "a", sort);
    co_await put(region.get(), "b", 1);
    const auto query = [&](std::string condition, std::string more = "") {
        return ask(
            region.get(),
            "Query",
            fmt::format(
                R"("KeyConditionExpression":"h = :h{}","ExpressionAttributeValues":{{":h":{{"S":"a"}}{}}})",
                condition,
                more
            )
        );
    };
    using Sorts = std::vector<std::string>;
    auto answer = co_await query("");
    EXPECT_EQ(sorts(answer), (Sorts{"-10", "-2", "0", "9", "10", "100"}));
    answer = co_await query(" AND s < :n", R"(,":n":{"N":"0"})");
    EXPECT_EQ(sorts(answer), (Sorts{"-10", "-2"}));
    answer = co_await query(" AND s >= :n", R"(,":n":{"N":"10"})");
    EXPECT_EQ(sorts(answer), (Sorts{"10", "100"}));
    answer = co_await query(" AND s BETWEEN :n AND :m", R"(,":n":{"N":"-2"},":m":{"N":"9"})");
    EXPECT_EQ(sorts(answer), (Sorts{"-2", "0", "9"}));
    EXPECT_EQ(answer.at("Count"), 3);
    answer = co_await query("", R"(},"ScanIndexForward":false,"Limit":2,"ReturnConsumedCapacity":"NONE)");
    EXPECT_TRUE(answer.as_object().contains("__type"));  // no JSON
    answer = co_await ask(
        region.get(),
        "Query",
        R"("KeyConditionExpression":"h = :h","ExpressionAttributeValues":{":h":{"S":"a"}},"ScanIndexForward":false,"Limit":2)"
    );
    EXPECT_EQ(sorts(answer), (Sorts{"100", "10"}));
    EXPECT_EQ(shown(answer.at("LastEvaluatedKey")), R"({"h":{"S":"a"},"s":{"N":"10"}})");
    co_await region->stop();
}

// Goal: whatever the page's size, and both ways, the pages together are the whole, each item once.
ASYNC_TEST(Query, PagesAreTheWhole) {
    const auto region = co_await with_orders();
    std::vector<std::string> all;
    for (int sort = 0; sort < 23; ++sort) {
        co_await put(region.get(), "a", sort * 7 - 50);
        all.push_back(std::to_string(sort * 7 - 50));
    }
    for (const bool forward : {true, false}) {
        for (const int limit : {1, 4, 22, 23, 24}) {
            std::vector<std::string> got;
            std::string start;
            for (int pages = 0; pages < 30; ++pages) {
                const auto answer = co_await ask(
                    region.get(),
                    "Query",
                    fmt::format(
                        R"("KeyConditionExpression":"h = :h","ExpressionAttributeValues":{{":h":{{"S":"a"}}}},"Limit":{},)"
                        R"("ScanIndexForward":{}{})",
                        limit,
                        forward,
                        start
                    )
                );
                for (auto& sort : sorts(answer)) got.push_back(std::move(sort));
                const auto* last = answer.as_object().if_contains("LastEvaluatedKey");
                if (!last) break;
                start = R"(,"ExclusiveStartKey":)" + shown(*last);
            }
            auto wanted = all;
            if (!forward) std::ranges::reverse(wanted);
            EXPECT_EQ(got, wanted) << "limit " << limit << ", forward " << forward;
        }
    }
    co_await region->stop();
}

// Goal: a parallel Scan's segments together are the table, each item in one of them.
ASYNC_TEST(Scan, SegmentsAreTheWhole) {
    const auto region = co_await with_orders();
    std::set<std::string> all;
    for (int i = 0; i < 200; ++i) {
        co_await put(region.get(), fmt::format("h{}", i), i);
        all.insert(std::to_string(i));
    }
    for (const int total : {1, 2, 7}) {
        std::set<std::string> got;
        std::size_t count = 0;
        for (int segment = 0; segment < total; ++segment) {
            const auto answer =
                co_await ask(region.get(), "Scan", fmt::format(R"("Segment":{},"TotalSegments":{})", segment, total));
            count += sorts(answer).size();
            for (auto& sort : sorts(answer)) got.insert(std::move(sort));
            EXPECT_GT(sorts(answer).size(), 200u / static_cast<unsigned>(total) / 3);  // they are spread
        }
        EXPECT_EQ(count, 200u);
        EXPECT_EQ(got, all);
    }
    auto answer = co_await ask(region.get(), "Scan", R"("Segment":3,"TotalSegments":2)");
    EXPECT_EQ(
        message(answer),
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 3 is not less "
        "than TotalSegments: 2"
    );
    answer = co_await ask(region.get(), "Scan", R"("Select":"COUNT")");
    EXPECT_EQ(shown(answer), R"({"Count":200,"ScannedCount":200})");
    co_await region->stop();
}

// Goal: an index shows what it projects, the table's items where a local one is asked for more, and refuses what a
// global one does not have.
ASYNC_TEST(Query, ReadsIndexes) {
    const auto region = co_await with_orders();
    co_await put(region.get(), "a", 1, R"(,"t":{"S":"z"},"g":{"S":"G"},"x":{"S":"one"})");
    co_await put(region.get(), "a", 2, R"(,"t":{"S":"y"},"g":{"S":"G"},"x":{"S":"two"})");
    co_await put(region.get(), "a", 3, R"(,"x":{"S":"in no index"})");
    const std::string by_t =
        R"("IndexName":"by-t","KeyConditionExpression":"h = :h","ExpressionAttributeValues":{":h":{"S":"a"}})";
    auto answer = co_await ask(region.get(), "Query", by_t);
    EXPECT_EQ(
        shown(answer.at("Items")),
        R"([{"h":{"S":"a"},"s":{"N":"2"},"t":{"S":"y"}},{"h":{"S":"a"},"s":{"N":"1"},"t":{"S":"z"}}])"
    );
    answer = co_await ask(region.get(), "Query", by_t + R"(,"ProjectionExpression":"x")");
    EXPECT_EQ(shown(answer.at("Items")), R"([{"x":{"S":"two"}},{"x":{"S":"one"}}])");
    const std::string by_g =
        R"("IndexName":"by-g","KeyConditionExpression":"g = :g","ExpressionAttributeValues":{":g":{"S":"G"}})";
    answer = co_await ask(region.get(), "Query", by_g);
    EXPECT_EQ(answer.at("Count"), 2);
    answer = co_await ask(region.get(), "Query", by_g + R"(,"ConsistentRead":true)");
    EXPECT_EQ(message(answer), "Consistent reads are not supported on global secondary indexes");
    answer = co_await ask(region.get(), "Query", by_g + R"(,"ProjectionExpression":"x")");
    EXPECT_EQ(
        message(answer), "One or more parameter values were invalid: Global secondary index by-g does not project [x]"
    );
    // Deleted from the table, deleted from the index.
    co_await ask(region.get(), "DeleteItem", R"("Key":{"h":{"S":"a"},"s":{"N":"2"}})");
    answer = co_await ask(region.get(), "Query", by_g);
    EXPECT_EQ(answer.at("Count"), 1);
    answer = co_await ask(region.get(), "Query", R"("IndexName":"no","KeyConditionExpression":"g = :g")");
    EXPECT_EQ(message(answer), "The table does not have the specified index: no");
    co_await region->stop();
}

// Goal: a filter takes away after the page was read, and never a key of a Query.
ASYNC_TEST(Query, Filters) {
    const auto region = co_await with_orders();
    for (int sort = 0; sort < 4; ++sort)
        co_await put(region.get(), "a", sort, fmt::format(R"(,"n":{{"N":"{}"}})", sort % 2));
    const std::string all = R"("KeyConditionExpression":"h = :h","ExpressionAttributeValues":{":h":{"S":"a"},)";
    auto answer = co_await ask(region.get(), "Query", all + R"(":n":{"N":"1"}},"FilterExpression":"n = :n")");
    EXPECT_EQ(sorts(answer), (std::vector<std::string>{"1", "3"}));
    EXPECT_EQ(answer.at("ScannedCount"), 4);
    answer = co_await ask(region.get(), "Query", all + R"(":n":{"N":"1"}},"FilterExpression":"s = :n")");
    EXPECT_EQ(
        message(answer), "Filter Expression can only contain non-primary key attributes: Primary key attribute: s"
    );
    answer = co_await ask(region.get(), "Query", R"("Limit":0)");
    EXPECT_EQ(
        message(answer),
        "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value "
        "greater than or equal to 1"
    );
    co_await region->stop();
}

// Goal: an index that is added later has the items that were there before it, each once, and those written meanwhile.
ASYNC_TEST(Index, IsFilledWithWhatWasThere) {
    const auto region = co_await with_orders();
    for (int i = 0; i < 450; ++i) co_await put(region.get(), fmt::format("h{}", i), i, R"(,"late":{"S":"x"})");
    const auto updated = co_await ask(
        region.get(),
        "UpdateTable",
        R"("AttributeDefinitions":[{"AttributeName":"late","AttributeType":"S"}],"GlobalSecondaryIndexUpdates":[)"
        R"({"Create":{"IndexName":"by-late","KeySchema":[{"AttributeName":"late","KeyType":"HASH"}],)"
        R"("Projection":{"ProjectionType":"ALL"}}}])"
    );
    REQUIRE(updated.as_object().contains("TableDescription"));
    co_await put(region.get(), "h1", 1, R"(,"late":{"S":"x"})");  // once more
    co_await put(region.get(), "new", 1, R"(,"late":{"S":"x"})");
    json::value answer;
    for (const auto deadline = io::Deadline::after(10s); !deadline.passed();) {
        answer = co_await ask(
            region.get(),
            "Query",
            R"("IndexName":"by-late","Select":"COUNT","KeyConditionExpression":"late = :x",)"
            R"("ExpressionAttributeValues":{":x":{"S":"x"}})"
        );
        if (answer.as_object().contains("Count")) break;
        co_await io::wait_for(5ms);
    }
    EXPECT_EQ(shown(answer), R"({"Count":451,"ScannedCount":451})");
    const auto described = co_await region->ask("DescribeTable", R"({"TableName":"Orders"})");
    for (const auto& index : described.at("Table").at("GlobalSecondaryIndexes").as_array()) {
        if (index.at("IndexName") != "by-late") continue;
        EXPECT_EQ(index.at("IndexStatus").as_string(), "ACTIVE");
        EXPECT_EQ(index.at("ItemCount"), 451);
    }
    co_await region->stop();
}

}  // namespace
}  // namespace cloudshelf::tables
