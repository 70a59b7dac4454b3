// Goal: tables come, change and go as a client of DynamoDB sees it, and a restart changes nothing of it.
#include "region/tables/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>

namespace cloudshelf::tables {
namespace {

std::string message_of(const boost::json::value& answer) {
    const auto* message = answer.as_object().if_contains("message");
    return message == nullptr ? boost::json::serialize(answer) : std::string(message->as_string());
}

ASYNC_TEST(ControlOperations, ATableLivesOnAfterARestart) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    const std::string stream = R"(,"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"})";
    const auto created = co_await region.ask("CreateTable", create_carts(stream));
    EXPECT_EQ(created.at("TableDescription").at("TableStatus").as_string(), "CREATING");
    const std::string named = R"({"TableName":"Carts"})";
    const auto before = co_await region.ask("DescribeTable", named);
    EXPECT_EQ(before.at("Table").at("TableStatus").as_string(), "ACTIVE");
    EXPECT_TRUE(before.at("Table")
                    .at("LatestStreamArn")
                    .as_string()
                    .starts_with("arn:aws:dynamodb:us-east-1:000000000000:table/Carts/stream/2026-"));
    co_await region.stop();
    REQUIRE(co_await region.start());
    const auto after = co_await region.ask("DescribeTable", named);
    EXPECT_EQ(after, before);
    const auto again = co_await region.ask("CreateTable", create_carts());
    EXPECT_EQ(message_of(again), "Table already exists: Carts");
    co_await region.ask("DeleteTable", named);
    const auto gone = co_await region.ask("DescribeTable", named);
    EXPECT_EQ(message_of(gone), "Requested resource not found: Table: Carts not found");
    co_await region.stop();
}

ASYNC_TEST(ControlOperations, WhatIsWrongIsToldInDynamoDbsWords) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    const std::pair<std::string, std::string> cases[]{
        {R"({"TableName":"ab"})", "TableName must be at least 3 characters long and at most 255 characters long"},
        {"{}", "The parameter 'TableName' is required but was not present in the request"},
        {R"({"TableName":"abc"})",
         "2 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member must "
         "not be null; Value null at 'keySchema' failed to satisfy constraint: Member must not be null"},
        {R"({"TableName":"abc","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[],)"
         R"("KeySchema":[{"AttributeName":"p","KeyType":"HASH"}]})",
         "One or more parameter values were invalid: Some index key attributes are not defined in "
         "AttributeDefinitions. Keys: [p], AttributeDefinitions: []"},
        {create_carts(R"(,"ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1})"),
         "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified "
         "when BillingMode is PAY_PER_REQUEST"},
        {create_carts(R"(,"LocalSecondaryIndexes":[{"IndexName":"idx","KeySchema":)"
                      R"([{"AttributeName":"p","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}])"),
         "One or more parameter values were invalid: Table KeySchema does not have a range key, which is required when "
         "specifying a LocalSecondaryIndex"},
        {create_carts(R"(,"GlobalSecondaryIndexes":[])"),
         "One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty"},
    };
    for (const auto& [request, expected] : cases) {
        const auto answer = co_await region.ask("CreateTable", request);
        EXPECT_EQ(message_of(answer), expected) << request;
    }
    const auto none = co_await region.ask("ListTables", "{}");
    EXPECT_TRUE(none.at("TableNames").as_array().empty());
    co_await region.stop();
}

ASYNC_TEST(ControlOperations, ProtectedTablesStay) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.ask("CreateTable", create_carts(R"(,"DeletionProtectionEnabled":true)"));
    const auto refused = co_await region.ask("DeleteTable", R"({"TableName":"Carts"})");
    EXPECT_TRUE(message_of(refused).contains("currently protected against deletion")) << message_of(refused);
    co_await region.ask("UpdateTable", R"({"TableName":"Carts","DeletionProtectionEnabled":false})");
    const auto deleted = co_await region.ask("DeleteTable", R"({"TableName":"Carts"})");
    EXPECT_EQ(deleted.at("TableDescription").at("TableStatus").as_string(), "DELETING");
    co_await region.stop();
}

ASYNC_TEST(ControlOperations, StreamsGoOnAndOff) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.ask("CreateTable", create_carts());
    const std::string on =
        R"({"TableName":"Carts","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}})";
    const std::string off = R"({"TableName":"Carts","StreamSpecification":{"StreamEnabled":false}})";
    const auto first = co_await region.ask("UpdateTable", on);
    const auto twice = co_await region.ask("UpdateTable", on);
    EXPECT_TRUE(message_of(twice).contains("already has an enabled stream")) << message_of(twice);
    co_await region.ask("UpdateTable", off);
    const auto none = co_await region.ask("UpdateTable", off);
    EXPECT_TRUE(message_of(none).contains("no stream to disable")) << message_of(none);
    // Within the same millisecond, even: it is another stream.
    const auto second = co_await region.ask("UpdateTable", on);
    EXPECT_NE(first.at("TableDescription").at("LatestStreamArn"), second.at("TableDescription").at("LatestStreamArn"));
    co_await region.stop();
}

ASYNC_TEST(ControlOperations, ListsInPages) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    for (const std::string name : {"bbb", "aaa", "ccc"}) {
        auto body = create_carts();
        co_await region.ask("CreateTable", body.replace(body.find("Carts"), 5, name));
    }
    const auto first = co_await region.ask("ListTables", R"({"Limit":2})");
    EXPECT_EQ(boost::json::serialize(first), R"({"TableNames":["aaa","bbb"],"LastEvaluatedTableName":"bbb"})");
    const auto second = co_await region.ask("ListTables", R"({"Limit":2,"ExclusiveStartTableName":"bbb"})");
    EXPECT_EQ(boost::json::serialize(second), R"({"TableNames":["ccc"]})");
    co_await region.stop();
}

ASYNC_TEST(ControlOperations, TagsAreMerged) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.ask("CreateTable", create_carts(R"(,"Tags":[{"Key":"a","Value":"1"}])"));
    const std::string arn = R"("ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Carts")";
    co_await region.ask("TagResource", "{" + arn + R"(,"Tags":[{"Key":"a","Value":"2"},{"Key":"b","Value":"3"}]})");
    co_await region.ask("UntagResource", "{" + arn + R"(,"TagKeys":["b","c"]})");
    const auto tags = co_await region.ask("ListTagsOfResource", "{" + arn + "}");
    EXPECT_EQ(boost::json::serialize(tags), R"({"Tags":[{"Key":"a","Value":"2"}]})");
    co_await region.stop();
}

}  // namespace
}  // namespace cloudshelf::tables
