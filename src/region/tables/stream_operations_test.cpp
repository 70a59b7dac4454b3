// Goal: a table's stream tells every change once, in order, as DynamoDB's streams do. Method: real requests to a region
// on a temporary folder.
#include "region/tables/housekeeping.hpp"
#include "region/tables/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

std::string shown(const json::value& answer) {
    return json::serialize(answer);
}
std::string text(const json::value& from, std::string_view pointer) {
    boost::system::error_code missing;
    const auto* found = from.find_pointer(pointer, missing);
    return found && found->is_string() ? std::string(found->as_string()) : "no " + std::string(pointer);
}

io::Task<std::unique_ptr<Region>> with_stream(std::string view) {
    auto region = std::make_unique<Region>(co_await boost::asio::this_coro::executor);
    const auto started = co_await region->start();
    EXPECT_TRUE(started);
    const auto more = fmt::format(R"(,"StreamSpecification":{{"StreamEnabled":true,"StreamViewType":"{}"}})", view);
    const auto created = co_await region->ask("CreateTable", create_carts(more));
    EXPECT_TRUE(created.as_object().contains("TableDescription")) << shown(created);
    co_return region;
}
io::Task<void> put(Region* region, std::string key, int value) {
    const auto body =
        fmt::format(R"({{"TableName":"Carts","Item":{{"p":{{"S":"{}"}},"n":{{"N":"{}"}}}}}})", key, value);
    const auto answer = co_await region->ask("PutItem", body);
    EXPECT_EQ(shown(answer), "{}");
}
io::Task<void> erase(Region* region, std::string key) {
    const auto body = fmt::format(R"({{"TableName":"Carts","Key":{{"p":{{"S":"{}"}}}}}})", key);
    const auto answer = co_await region->ask("DeleteItem", body);
    EXPECT_EQ(shown(answer), "{}");
}
io::Task<std::string> stream_of(Region* region) {
    const auto listed = co_await region->ask("ListStreams", R"({"TableName":"Carts"})");
    co_return text(listed, "/Streams/0/StreamArn");
}
io::Task<std::string> iterator(Region* region, std::string arn, std::string type) {
    const auto described = co_await region->ask("DescribeStream", fmt::format(R"({{"StreamArn":"{}"}})", arn));
    const auto shard = text(described, "/StreamDescription/Shards/0/ShardId");
    const auto given = co_await region->ask(
        "GetShardIterator",
        fmt::format(R"({{"StreamArn":"{}","ShardId":"{}","ShardIteratorType":{}}})", arn, shard, type)
    );
    EXPECT_TRUE(given.as_object().contains("ShardIterator")) << shown(given);
    co_return text(given, "/ShardIterator");
}
io::Task<json::value> records(Region* region, std::string from, int limit = 1000) {
    co_return co_await region->ask("GetRecords", fmt::format(R"({{"ShardIterator":"{}","Limit":{}}})", from, limit));
}

// Goal: what was put, changed and deleted, with both images; what changed nothing is not told.
ASYNC_TEST(Streams, TellChangesWithBothImages) {
    const auto region = co_await with_stream("NEW_AND_OLD_IMAGES");
    co_await put(region.get(), "a", 1);
    co_await put(region.get(), "a", 1);
    co_await put(region.get(), "a", 2);
    co_await erase(region.get(), "a");
    co_await erase(region.get(), "a");
    const auto arn = co_await stream_of(region.get());
    const auto from = co_await iterator(region.get(), arn, R"("TRIM_HORIZON")");
    const auto told = co_await records(region.get(), from);
    const auto& all = told.at("Records").as_array();
    EXPECT_EQ(all.size(), 3u) << shown(told);
    if (all.size() == 3) {
        EXPECT_EQ(text(all[0], "/eventName"), "INSERT");
        EXPECT_EQ(text(all[1], "/eventName"), "MODIFY");
        EXPECT_EQ(text(all[2], "/eventName"), "REMOVE");
        EXPECT_EQ(shown(all[1].at("dynamodb").at("NewImage")), R"({"n":{"N":"2"},"p":{"S":"a"}})");
        EXPECT_EQ(shown(all[1].at("dynamodb").at("OldImage")), R"({"n":{"N":"1"},"p":{"S":"a"}})");
        EXPECT_EQ(shown(all[2].at("dynamodb").at("Keys")), R"({"p":{"S":"a"}})");
        EXPECT_EQ(all[1].at("dynamodb").at("SizeBytes").to_number<int>(), 2 + 2 * 5);
        EXPECT_FALSE(all[2].as_object().contains("userIdentity"));
        EXPECT_EQ(text(all[0], "/eventSource"), "aws:dynamodb");
        EXPECT_EQ(text(all[0], "/dynamodb/SequenceNumber").size(), 21u);
        EXPECT_LT(text(all[0], "/dynamodb/SequenceNumber"), text(all[1], "/dynamodb/SequenceNumber"));
    }
    co_await region->stop();
}

ASYNC_TEST(Streams, TellKeysOnlyWhereThatIsAsked) {
    const auto region = co_await with_stream("KEYS_ONLY");
    co_await put(region.get(), "a", 1);
    const auto arn = co_await stream_of(region.get());
    const auto from = co_await iterator(region.get(), arn, R"("TRIM_HORIZON")");
    const auto told = co_await records(region.get(), from);
    const auto record = shown(told.at("Records").at(0).at("dynamodb"));
    EXPECT_TRUE(record.contains(R"("Keys":{"p":{"S":"a"}})")) << record;
    EXPECT_FALSE(record.contains("Image\"")) << record;
    co_await region->stop();
}

// Goal: pages join without a gap or a repetition, and an iterator at the end goes on with what comes later.
ASYNC_TEST(Streams, PagesGoOnWhereTheLastEnded) {
    const auto region = co_await with_stream("NEW_IMAGE");
    std::vector<std::string> wanted;
    for (int i = 0; i < 7; ++i) {
        wanted.push_back(fmt::format("k{}", i));
        co_await put(region.get(), wanted.back(), i);
    }
    const auto arn = co_await stream_of(region.get());
    auto from = co_await iterator(region.get(), arn, R"("TRIM_HORIZON")");
    const auto latest = co_await iterator(region.get(), arn, R"("LATEST")");
    std::vector<std::string> seen;
    std::string third;
    for (int page = 0; page < 6; ++page) {
        if (page == 4) {
            wanted.emplace_back("later");
            co_await put(region.get(), "later", 1);
        }
        const auto told = co_await records(region.get(), from, 2);
        for (const auto& record : told.at("Records").as_array()) {
            seen.push_back(text(record, "/dynamodb/Keys/p/S"));
            if (seen.size() == 3) third = text(record, "/dynamodb/SequenceNumber");
        }
        from = text(told, "/NextShardIterator");
    }
    EXPECT_EQ(seen, wanted);
    const auto newest = co_await records(region.get(), latest);
    EXPECT_EQ(text(newest, "/Records/0/dynamodb/Keys/p/S"), "later");
    const std::string types[]{"AT", "AFTER"};
    for (int i = 0; i < 2; ++i) {
        const auto type = fmt::format(R"("{}_SEQUENCE_NUMBER","SequenceNumber":"{}")", types[i], third);
        const auto there = co_await iterator(region.get(), arn, type);
        const auto told = co_await records(region.get(), there, 1);
        EXPECT_EQ(text(told, "/Records/0/dynamodb/Keys/p/S"), fmt::format("k{}", 2 + i));
    }
    co_await region->stop();
}

// Goal: a stream that is switched off is read to its end, which is told; the next one is another.
ASYNC_TEST(Streams, ADisabledStreamEnds) {
    const auto region = co_await with_stream("NEW_IMAGE");
    co_await put(region.get(), "a", 1);
    const auto arn = co_await stream_of(region.get());
    const auto spec = [](std::string_view wish) {
        return fmt::format(R"({{"TableName":"Carts","StreamSpecification":{{{}}}}})", wish);
    };
    co_await region->ask("UpdateTable", spec(R"("StreamEnabled":false)"));
    co_await put(region.get(), "b", 1);
    const auto from = co_await iterator(region.get(), arn, R"("TRIM_HORIZON")");
    const auto told = co_await records(region.get(), from);
    EXPECT_EQ(told.at("Records").as_array().size(), 1u) << shown(told);
    EXPECT_FALSE(told.as_object().contains("NextShardIterator")) << shown(told);
    const auto described = co_await region->ask("DescribeStream", fmt::format(R"({{"StreamArn":"{}"}})", arn));
    EXPECT_EQ(text(described, "/StreamDescription/StreamStatus"), "DISABLED");
    EXPECT_EQ(
        text(described, "/StreamDescription/Shards/0/SequenceNumberRange/EndingSequenceNumber"),
        text(told, "/Records/0/dynamodb/SequenceNumber")
    );
    co_await region->ask("UpdateTable", spec(R"("StreamEnabled":true,"StreamViewType":"OLD_IMAGE")"));
    const auto listed = co_await region->ask("ListStreams", R"({"TableName":"Carts","Limit":1})");
    EXPECT_EQ(listed.at("Streams").as_array().size(), 1u);
    EXPECT_EQ(text(listed, "/LastEvaluatedStreamArn"), arn);
    co_await region->stop();
}

ASYNC_TEST(Streams, RefuseWhatIsNoStreamAndNoIterator) {
    const auto region = co_await with_stream("NEW_IMAGE");
    const auto arn = co_await stream_of(region.get());
    const auto other = co_await region->ask("DescribeStream", fmt::format(R"({{"StreamArn":"{}x"}})", arn));
    EXPECT_TRUE(text(other, "/__type").ends_with("#ResourceNotFoundException")) << shown(other);
    const auto bad = co_await records(region.get(), arn + "|1|zz");
    EXPECT_TRUE(text(bad, "/__type").ends_with("#ValidationException")) << shown(bad);
    const auto from = co_await iterator(region.get(), arn, R"("LATEST")");
    region->wall_ms += std::chrono::milliseconds(16min).count();
    const auto old = co_await records(region.get(), from);
    EXPECT_TRUE(text(old, "/__type").ends_with("#ExpiredIteratorException")) << shown(old);
    co_await region->stop();
}

// Goal: records go with the log entries they are of, and a disabled stream goes after a day.
ASYNC_TEST(Streams, GoWhenTheyHaveHadTheirTime) {
    const auto region = co_await with_stream("NEW_AND_OLD_IMAGES");
    co_await put(region.get(), "k1", 1);
    const auto records = [&] {
        std::size_t count = 0;
        const auto visit = [&](std::string_view, std::string_view) { return ++count > 0; };
        EXPECT_TRUE(region->service->log().view().scan(region->service->storage().streams, {}, visit));
        return count;
    };
    EXPECT_EQ(records(), 1u);
    region->wall_ms += std::chrono::milliseconds(25h).count();
    co_await put(region.get(), "k2", 2);
    REQUIRE(co_await region->service->log().trim());
    REQUIRE(co_await keep_house_once(*region->service));
    EXPECT_EQ(records(), 1u);
    const auto off =
        co_await region->ask("UpdateTable", R"({"TableName":"Carts","StreamSpecification":{"StreamEnabled":false}})");
    EXPECT_TRUE(off.as_object().contains("TableDescription"));
    REQUIRE(co_await keep_house_once(*region->service));
    EXPECT_EQ(region->service->catalogue().find("Carts")->streams.size(), 1u);
    region->wall_ms += std::chrono::milliseconds(24h).count();
    REQUIRE(co_await keep_house_once(*region->service));
    EXPECT_EQ(region->service->catalogue().find("Carts")->streams.size(), 0u);
    for (const auto deadline = io::Deadline::after(10s); records() != 0;) {
        REQUIRE(!deadline.passed());
        co_await io::wait_for(5ms);
    }
    co_await region->stop();
}

}  // namespace
}  // namespace cloudshelf::tables
