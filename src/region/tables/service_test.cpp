// Goal: what every request meets before its operation. Method: a whole service on a temporary folder, asked with
// signed requests; only the socket is missing.
#include "region/tables/service_test.hpp"

#include "region/tables/compression.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::tables {
namespace {

std::string kind_of(const io::HttpResponse& response) {
    const auto body = boost::json::parse(response.body);
    const std::string type(body.at("__type").as_string());
    return type.substr(type.find('#') + 1);
}

ASYNC_TEST(Service, AnswersCarryIdChecksumAndType) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    const auto answer = co_await region.answer("ListTables", "{}", region.admin);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"TableNames":[]})");
    EXPECT_EQ(answer.header("x-amz-crc32"), std::to_string(crc32(answer.body)));
    EXPECT_EQ(answer.header("x-amzn-RequestId").size(), 52u);
    EXPECT_EQ(answer.header("Content-Type"), "application/x-amz-json-1.0");
    co_await region.stop();
}

ASYNC_TEST(Service, RefusesInOrder) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    // Each step mends one thing, and meets the next refusal.
    auto request = region.request("ListTables", "no json");
    request.headers[1].second = "text/plain";
    auto answer = co_await region.service->answer(request);
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.body, "<UnknownOperationException/>\n");

    request.headers[1].second = "application/x-amz-json-1.0";
    request.headers[2].second = "DynamoDB_20120810.ListChairs";
    answer = co_await region.service->answer(request);
    EXPECT_EQ(kind_of(answer), "UnknownOperationException");

    request.headers[2].second = "DynamoDB_20120810.ListTables";
    answer = co_await region.service->answer(request);
    EXPECT_EQ(kind_of(answer), "MissingAuthenticationTokenException");

    auto by_nobody = region.admin;
    by_nobody.access_key_id = "AKIANOBODY";
    answer = co_await region.answer("ListTables", "no json", by_nobody);
    EXPECT_EQ(kind_of(answer), "UnrecognizedClientException");

    auto with_wrong_secret = region.admin;
    with_wrong_secret.secret_access_key = "guessed";
    answer = co_await region.answer("ListTables", "no json", with_wrong_secret);
    EXPECT_EQ(kind_of(answer), "InvalidSignatureException");

    for (const std::string body : {"no json", "[]", ""}) {
        answer = co_await region.answer("ListTables", body, region.admin);
        EXPECT_EQ(kind_of(answer), "SerializationException") << body;
        EXPECT_EQ(answer.status, 400);
    }
    co_await region.stop();
}

ASYNC_TEST(Service, PermitsByKey) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    auto answer = co_await region.answer("CreateTable", create_carts(), region.reader);
    EXPECT_EQ(kind_of(answer), "AccessDeniedException");
    EXPECT_TRUE(
        answer.body.contains("User: arn:aws:iam::000000000000:user/reader is not authorized to perform: "
                             "dynamodb:CreateTable on resource: "
                             "arn:aws:dynamodb:us-east-1:000000000000:table/Carts")
    ) << answer.body;
    answer = co_await region.answer("ListTables", "{}", region.reader);
    EXPECT_EQ(answer.status, 200);
    co_await region.stop();
}

ASYNC_TEST(Service, OldSignaturesExpire) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    auto request = region.request("ListTables", "{}");
    region.sign(request, region.admin);
    region.wall_ms += 14 * 60'000;
    EXPECT_EQ((co_await region.service->answer(request)).status, 200);
    region.wall_ms += 2 * 60'000;
    const auto answer = co_await region.service->answer(request);
    EXPECT_EQ(kind_of(answer), "InvalidSignatureException");
    co_await region.stop();
}

ASYNC_TEST(Service, SpeaksGzip) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    auto request = region.request("CreateTable", gzip(create_carts()));
    request.headers.emplace_back("Content-Encoding", "gzip");
    region.sign(request, region.admin);
    EXPECT_EQ((co_await region.service->answer(request)).status, 200);

    auto bomb = region.request("ListTables", gzip("{" + std::string(17 << 20, ' ') + "}"));
    bomb.headers.emplace_back("Content-Encoding", "gzip");
    region.sign(bomb, region.admin);
    const auto refused = co_await region.service->answer(bomb);
    EXPECT_EQ(kind_of(refused), "SerializationException");

    // Long enough to be packed: the names of many tables.
    for (int i = 0; i < 60; ++i) {
        auto body = create_carts();
        const auto name = "TableWithAVeryLongNameSoThatTheAnswerIsWorthPacking" + std::to_string(i);
        co_await region.ask("CreateTable", body.replace(body.find("Carts"), 5, name));
    }
    auto list = region.request("ListTables", "{}");
    list.headers.emplace_back("Accept-Encoding", "gzip, deflate");
    region.sign(list, region.admin);
    const auto packed = co_await region.service->answer(list);
    EXPECT_EQ(packed.header("Content-Encoding"), "gzip");
    EXPECT_EQ(packed.header("x-amz-crc32"), std::to_string(crc32(packed.body)));
    const auto names = boost::json::parse(gunzip(packed.body, 1 << 20).value());
    EXPECT_EQ(names.at("TableNames").as_array().size(), 61u);
    co_await region.stop();
}

ASYNC_TEST(Service, TellsHealthAndFigures) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.ask("CreateTable", create_carts());
    co_await region.ask("CreateTable", create_carts());
    const auto health = co_await region.get("/health");
    EXPECT_EQ(health.status, 200);
    const auto page = co_await region.get("/metrics");
    for (const std::string_view line : {
             R"(cloudshelf_tables_requests_total{operation="CreateTable",error=""} 1)",
             R"(cloudshelf_tables_requests_total{operation="CreateTable",error="ResourceInUseException"} 1)",
             R"(cloudshelf_tables_request_seconds_count{operation="CreateTable"} 2)",
             R"(cloudshelf_tables_items{table="Carts"} 0)",
             "cloudshelf_tables_conflicts 0",
             "cloudshelf_tables_log_commits_total",
         }) {
        EXPECT_TRUE(page.body.contains(line)) << line << "\n" << page.body;
    }
    const auto greeting = co_await region.get("/");
    EXPECT_EQ(greeting.body, "healthy: dynamodb.us-east-1.amazonaws.com ");
    co_await region.stop();
}

}  // namespace
}  // namespace cloudshelf::tables
