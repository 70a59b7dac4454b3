#include "wire/apigateway/event.hpp"

#include "wire/apigateway/query.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace cloudshelf::apigateway {
namespace {

namespace json = boost::json;

Event search() {
    return {
        .route_key = "GET /books",
        .raw_path = "/books",
        .raw_query = "q=a%20b+c&tag=x&tag=y&flag",
        .headers = {{"accept", "*/*"}, {"user-agent", "shopper"}},
        .cookies = {"a=1", "b=2"},
        .path_parameters = {{"id", "7"}},
        .stage_variables = {{"writer", "us-east-1"}},
        .method = "GET",
        .protocol = "HTTP/1.1",
        .source_ip = "192.0.2.1",
        .domain_name = "api.cloudshelf.com",
        .request_id = "r-1",
        .stage = "$default",
        .time_epoch_ms = 1'583'348'638'390,
        .body = "",
    };
}

// Goal: a function written for API Gateway finds what it looks for, where it looks for it.
TEST(ApiGatewayEvent, HasTheMembersOfFormat2) {
    const auto event = json::parse(print(search())).as_object();
    EXPECT_EQ(event.at("version"), "2.0");
    EXPECT_EQ(event.at("routeKey"), "GET /books");
    EXPECT_EQ(event.at("rawPath"), "/books");
    EXPECT_EQ(event.at("rawQueryString"), "q=a%20b+c&tag=x&tag=y&flag");
    EXPECT_EQ(event.at("queryStringParameters").at("q"), "a b c");
    EXPECT_EQ(event.at("queryStringParameters").at("tag"), "x,y");
    EXPECT_EQ(event.at("queryStringParameters").at("flag"), "");
    EXPECT_EQ(event.at("cookies").at(1), "b=2");
    EXPECT_EQ(event.at("stageVariables").at("writer"), "us-east-1");
    EXPECT_EQ(event.at("requestContext").at("http").at("method"), "GET");
    EXPECT_EQ(event.at("requestContext").at("http").at("userAgent"), "shopper");
    EXPECT_EQ(event.at("requestContext").at("domainPrefix"), "api");
    EXPECT_EQ(event.at("requestContext").at("time"), "04/Mar/2020:19:03:58 +0000");
    EXPECT_EQ(event.at("requestContext").at("timeEpoch"), 1'583'348'638'390);
    EXPECT_EQ(event.at("isBase64Encoded"), false);
    EXPECT_FALSE(event.contains("body"));
}

TEST(ApiGatewayEvent, ComesBackAsItWas) {
    auto event = search();
    for (const std::string body : {"", "{\"a\": \"ü\"}", "\xff\x00 no text"}) {
        event.body = body;
        const auto again = parse_event(print(event));
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(again->body, body);
        EXPECT_EQ(print(*again), print(event));
    }
}

TEST(ApiGatewayEvent, SaysWhatIsWrong) {
    const struct {
        const char* text;
        const char* problem;
    } cases[] = {
        {"", "expected JSON"},
        {"[]", "a JSON object"},
        {"{}", "requestContext.http.method"},
        {R"({"headers": []})", "headers: expected an object of strings"},
        {R"({"body": 1})", "body: expected a string"},
        {R"({"body": "%", "isBase64Encoded": true})", "body: expected base64"},
        {R"({"requestContext": "x"})", "requestContext: expected an object"},
    };
    for (const auto& [text, problem] : cases) {
        const auto event = parse_event(text);
        ASSERT_FALSE(event) << text;
        EXPECT_EQ(event.error().code, "apigateway.bad-event");
        EXPECT_NE(event.error().message.find(problem), std::string::npos) << text << " " << event.error().message;
    }
}

TEST(ApiGatewayAnswer, ComesBackAsItWas) {
    const Answer answer{.status = 201, .headers = {{"Retry-After", "1"}}, .cookies = {"a=1"}, .body = "\xfe\xff"};
    const auto again = parse_answer(print(answer));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->status, 201);
    EXPECT_EQ(again->headers.at("Retry-After"), "1");
    EXPECT_EQ(again->cookies, answer.cookies);
    EXPECT_EQ(again->body, answer.body);
}

// Goal: a function that answers with JSON alone answers its customer with it.
TEST(ApiGatewayAnswer, InfersWhatIsNotSaid) {
    for (const char* text : {R"({"books": []})", "[1]", "\"hello\"", "null"}) {
        const auto answer = parse_answer(text);
        ASSERT_TRUE(answer) << text;
        EXPECT_EQ(answer->status, 200);
        EXPECT_EQ(answer->headers.at("content-type"), "application/json");
        EXPECT_EQ(answer->body, text);
    }
    const auto numbers = parse_answer(R"({"statusCode": 204, "headers": {"X-Count": 3, "X-Flag": true}})");
    ASSERT_TRUE(numbers);
    EXPECT_EQ(numbers->headers.at("X-Count"), "3");
    EXPECT_EQ(numbers->headers.at("X-Flag"), "true");
}

TEST(ApiGatewayAnswer, SaysWhatIsWrong) {
    for (const char* text :
         {"",
          "no JSON",
          R"({"statusCode": 99})",
          R"({"statusCode": 600})",
          R"({"statusCode": "x"})",
          R"({"statusCode": 200, "body": {}})",
          R"({"statusCode": 200, "headers": {"a": {}}})",
          R"({"statusCode": 200, "body": "%", "isBase64Encoded": true})"}) {
        const auto answer = parse_answer(text);
        ASSERT_FALSE(answer) << text;
        EXPECT_EQ(answer.error().code, "apigateway.bad-answer");
    }
}

TEST(ApiGatewayQuery, Decodes) {
    EXPECT_EQ(decode("a%2Fb", Plus::is_itself), "a/b");
    EXPECT_EQ(decode("a+b", Plus::is_itself), "a+b");
    for (const char* bad : {"%", "%2", "%zz", "%+1", "%-1"}) EXPECT_FALSE(decode(bad, Plus::is_space)) << bad;
    const auto pairs = query_pairs("&a=1=2&&=x&%zz=%41&b");
    const std::vector<std::pair<std::string, std::string>> expected{{"a", "1=2"}, {"", "x"}, {"%zz", "A"}, {"b", ""}};
    EXPECT_EQ(pairs, expected);
}

}  // namespace
}  // namespace cloudshelf::apigateway
