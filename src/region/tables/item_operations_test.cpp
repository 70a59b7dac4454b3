#include "region/tables/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;

/// What a client sees of an answer.
std::string shown(const json::value& answer) {
    return json::serialize(answer);
}

/// The exception's short name and its text.
std::string refusal(const json::value& answer) {
    const auto& object = answer.as_object();
    const auto* type = object.if_contains("__type");
    if (!type) return "none: " + shown(answer);
    const std::string name(type->as_string());
    const auto* text = object.if_contains("message");
    if (!text) text = object.if_contains("Message");
    return name.substr(name.find('#') + 1) + ": " + (text ? std::string(text->as_string()) : "");
}

io::Task<json::value> ask(Region* region, std::string operation, std::string members) {
    std::string body = R"({"TableName":"Carts",)" + members + "}";
    auto asked = region->ask(std::move(operation), std::move(body));
    auto answer = co_await std::move(asked);
    co_return answer;
}

io::Task<std::unique_ptr<Region>> with_carts() {
    auto region = std::make_unique<Region>(co_await boost::asio::this_coro::executor);
    const auto started = co_await region->start();
    EXPECT_TRUE(started);
    const auto created = co_await region->ask("CreateTable", create_carts());
    EXPECT_TRUE(created.as_object().contains("TableDescription")) << shown(created);
    co_return region;
}

// The five ReturnValues of an update, and what the other operations refuse of them.
ASYNC_TEST(ItemOperations, ReturnWhatReturnValuesNames) {
    const auto region = co_await with_carts();
    co_await ask(region.get(), "PutItem", R"("Item":{"p":{"S":"a"},"n":{"N":"1"},"x":{"S":"old"}})");
    const std::string update = R"("Key":{"p":{"S":"a"}},"UpdateExpression":"SET n = n + :one, y = :one",)"
                               R"("ExpressionAttributeValues":{":one":{"N":"1"}},"ReturnValues":")";
    auto answer = co_await ask(region.get(), "UpdateItem", update + R"(UPDATED_OLD")");
    EXPECT_EQ(shown(answer), R"({"Attributes":{"n":{"N":"1"}}})");
    answer = co_await ask(region.get(), "UpdateItem", update + R"(UPDATED_NEW")");
    EXPECT_EQ(shown(answer), R"({"Attributes":{"n":{"N":"3"},"y":{"N":"1"}}})");
    answer = co_await ask(region.get(), "UpdateItem", update + R"(ALL_NEW")");
    EXPECT_EQ(shown(answer), R"({"Attributes":{"n":{"N":"4"},"p":{"S":"a"},"x":{"S":"old"},"y":{"N":"1"}}})");
    answer = co_await ask(region.get(), "UpdateItem", update + R"(NONE")");
    EXPECT_EQ(shown(answer), "{}");
    answer = co_await ask(region.get(), "PutItem", R"("Item":{"p":{"S":"a"}},"ReturnValues":"ALL_NEW")");
    EXPECT_EQ(refusal(answer), "ValidationException: ReturnValues can only be ALL_OLD or NONE");
    answer = co_await ask(region.get(), "DeleteItem", R"("Key":{"p":{"S":"a"}},"ReturnValues":"ALL_OLD")");
    EXPECT_EQ(shown(answer), R"({"Attributes":{"n":{"N":"5"},"p":{"S":"a"},"x":{"S":"old"},"y":{"N":"1"}}})");
    // Removing from what isn't there does not make it.
    co_await ask(region.get(), "UpdateItem", R"("Key":{"p":{"S":"a"}},"UpdateExpression":"REMOVE x")");
    answer = co_await ask(region.get(), "GetItem", R"("Key":{"p":{"S":"a"}})");
    EXPECT_EQ(shown(answer), "{}");
    co_await region->stop();
}

// A condition that fails shows the item to who asked for it, and changes nothing.
ASYNC_TEST(ItemOperations, FailedConditionShowsTheItem) {
    const auto region = co_await with_carts();
    co_await ask(region.get(), "PutItem", R"("Item":{"p":{"S":"a"},"n":{"N":"1"}})");
    const auto answer = co_await ask(
        region.get(),
        "PutItem",
        R"-("Item":{"p":{"S":"a"}},"ConditionExpression":"attribute_not_exists(p)",)-"
        R"("ReturnValuesOnConditionCheckFailure":"ALL_OLD")"
    );
    EXPECT_EQ(refusal(answer), "ConditionalCheckFailedException: The conditional request failed");
    EXPECT_EQ(shown(answer.at("Item")), R"({"n":{"N":"1"},"p":{"S":"a"}})");
    co_await region->stop();
}

// All that is wrong with a request's members is told at once; then come tables and keys.
ASYNC_TEST(ItemOperations, RefuseBadRequests) {
    const auto region = co_await with_carts();
    auto answer = co_await region->ask("GetItem", R"({"TableName":"ab","ReturnConsumedCapacity":"some"})");
    EXPECT_EQ(
        refusal(answer),
        "ValidationException: 3 validation errors detected: Value 'some' at 'returnConsumedCapacity' failed to satisfy "
        "constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]; Value 'ab' at 'tableName' failed to "
        "satisfy constraint: Member must have length greater than or equal to 3; Value null at 'key' failed to satisfy "
        "constraint: Member must not be null"
    );
    answer = co_await region->ask("GetItem", R"({"TableName":"None","Key":{"p":{"S":"a"}}})");
    EXPECT_EQ(refusal(answer), "ResourceNotFoundException: Requested resource not found");
    answer = co_await ask(region.get(), "GetItem", R"("Key":{"q":{"S":"a"}})");
    EXPECT_EQ(refusal(answer), "ValidationException: The provided key element does not match the schema");
    const std::string big(400 * 1024, 'x');
    answer = co_await ask(region.get(), "PutItem", fmt::format(R"("Item":{{"p":{{"S":"a"}},"x":{{"S":"{}"}}}})", big));
    EXPECT_EQ(refusal(answer), "ValidationException: Item size has exceeded the maximum allowed size");
    co_await region->stop();
}

ASYNC_TEST(ItemOperations, BatchesWriteAndRead) {
    const auto region = co_await with_carts();
    auto answer = co_await region->ask(
        "BatchWriteItem",
        R"({"ReturnConsumedCapacity":"TOTAL","RequestItems":{"Carts":[{"PutRequest":{"Item":{"p":{"S":"a"}}}},)"
        R"({"PutRequest":{"Item":{"p":{"S":"b"},"x":{"N":"1"}}}},{"DeleteRequest":{"Key":{"p":{"S":"c"}}}}]}})"
    );
    EXPECT_EQ(
        shown(answer),
        shown(json::parse(R"({"UnprocessedItems":{},"ConsumedCapacity":[{"TableName":"Carts","CapacityUnits":3.0}]})"))
    );
    answer = co_await region->ask(
        "BatchGetItem",
        R"({"RequestItems":{"Carts":{"Keys":[{"p":{"S":"b"}},{"p":{"S":"c"}}],"ProjectionExpression":"x"}}})"
    );
    EXPECT_EQ(shown(answer), R"({"Responses":{"Carts":[{"x":{"N":"1"}}]},"UnprocessedKeys":{}})");
    const std::string twice = "ValidationException: Provided list of item keys contains duplicates";
    answer = co_await region->ask(
        "BatchGetItem", R"({"RequestItems":{"Carts":{"Keys":[{"p":{"S":"b"}},{"p":{"S":"b"}}]}}})"
    );
    EXPECT_EQ(refusal(answer), twice);
    answer = co_await region->ask(
        "BatchWriteItem",
        R"({"RequestItems":{"Carts":[{"PutRequest":{"Item":{"p":{"S":"a"}}}},{"DeleteRequest":{"Key":{"p":{"S":"a"}}}}]}})"
    );
    EXPECT_EQ(refusal(answer), twice);
    co_await region->stop();
}

// A transaction is all or nothing, and says of each action whether it was the reason.
ASYNC_TEST(ItemOperations, TransactionsAreAllOrNothing) {
    const auto region = co_await with_carts();
    co_await ask(region.get(), "PutItem", R"("Item":{"p":{"S":"there"},"n":{"N":"1"}})");
    auto answer = co_await region->ask(
        "TransactWriteItems",
        R"({"TransactItems":[{"Put":{"TableName":"Carts","Item":{"p":{"S":"new"}}}},)"
        R"({"ConditionCheck":{"TableName":"Carts","Key":{"p":{"S":"there"}},"ConditionExpression":"n = :two",)"
        R"("ExpressionAttributeValues":{":two":{"N":"2"}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}}]})"
    );
    EXPECT_EQ(
        refusal(answer),
        "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[None, ConditionalCheckFailed]"
    );
    EXPECT_EQ(shown(answer.at("CancellationReasons").at(1).at("Item")), R"({"n":{"N":"1"},"p":{"S":"there"}})");
    answer = co_await region->ask(
        "TransactGetItems",
        R"({"TransactItems":[{"Get":{"TableName":"Carts","Key":{"p":{"S":"new"}}}},)"
        R"({"Get":{"TableName":"Carts","Key":{"p":{"S":"there"}},"ProjectionExpression":"n"}}]})"
    );
    EXPECT_EQ(shown(answer), R"({"Responses":[{},{"Item":{"n":{"N":"1"}}}]})");
    co_await region->stop();
}

// A token carries a transaction out once, for ten minutes.
ASYNC_TEST(ItemOperations, TokensCarryOutOnce) {
    const auto region = co_await with_carts();
    const auto add = [](int by) {
        return fmt::format(
            R"({{"ClientRequestToken":"token","TransactItems":[{{"Update":{{"TableName":"Carts","Key":{{"p":{{"S":"a"}}}},)"
            R"("UpdateExpression":"ADD n :by","ExpressionAttributeValues":{{":by":{{"N":"{}"}}}}}}}}]}})",
            by
        );
    };
    for (int i = 0; i < 2; ++i) {
        const auto answer = co_await region->ask("TransactWriteItems", add(1));
        EXPECT_EQ(shown(answer), "{}");
    }
    auto answer = co_await region->ask("TransactWriteItems", add(2));
    EXPECT_TRUE(refusal(answer).starts_with("IdempotentParameterMismatchException")) << shown(answer);
    region->wall_ms += 10 * 60 * 1000;
    co_await region->ask("TransactWriteItems", add(2));
    answer = co_await ask(region.get(), "GetItem", R"("Key":{"p":{"S":"a"}})");
    EXPECT_EQ(shown(answer), R"({"Item":{"n":{"N":"3"},"p":{"S":"a"}}})");
    co_await region->stop();
}

}  // namespace
}  // namespace cloudshelf::tables
