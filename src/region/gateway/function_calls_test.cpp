// Goal: what a function is told, and what a customer is told when a function does not do its part.
#include "region/gateway/function_calls.hpp"

#include "bookstore/functions/contract.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::region {
namespace {

using bookstore::Kind;
using bookstore::Outcome;

TEST(FunctionRoutes, LongestPathWins) {
    const std::vector<FunctionRoute> routes{{"/books", "catalog"}, {"/books/new", "news"}, {"/", "rest"}};
    const auto function = [&](std::string_view path) {
        const auto* route = route_of(routes, path);
        return route == nullptr ? std::string() : route->function;
    };
    EXPECT_EQ(function("/books"), "catalog");
    EXPECT_EQ(function("/books/7/ratings"), "catalog");
    EXPECT_EQ(function("/books/new/1"), "news");
    EXPECT_EQ(function("/bookshelf"), "rest");
    EXPECT_EQ(route_of({{"/books", "catalog"}}, "/bookshelf"), nullptr);
}

TEST(FunctionEvent, IsTheRequestAsItCame) {
    io::HttpRequest http{.method = "POST", .target = "/orders?a=b%20c", .body = "{}"};
    http.headers = {{"Host", "api.example"}, {"X-A", "1"}, {"x-a", "2"}, {"Cookie", "k=v"}};
    const Attempt attempt{
        .http = std::make_shared<const io::HttpRequest>(http),
        .request = {.idempotency_key = "gateway-7", .attempt_id = "a-7"},
        .kind = Kind::write,
        .function = "f",
        .writer = "us-east-1",
    };
    const auto event = event_of(attempt, 5);
    EXPECT_EQ(event.raw_path, "/orders");
    EXPECT_EQ(event.raw_query, "a=b%20c");
    EXPECT_EQ(event.header("x-a"), "1,2");
    EXPECT_EQ(event.header("idempotency-key"), "gateway-7");
    EXPECT_EQ(event.cookies, std::vector<std::string>{"k=v"});
    EXPECT_EQ(event.domain_name, "api.example");
    EXPECT_EQ(event.stage_variable(bookstore::writer_variable), "us-east-1");
    EXPECT_EQ(event.stage_variable(bookstore::attempt_variable), "a-7");
    EXPECT_EQ(event.body, "{}");
}

io::HttpResponse invoked(int status, std::string body, io::Headers headers = {}) {
    return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

TEST(FunctionAnswer, ReachesTheCustomer) {
    const auto response = response_of(
        invoked(200, R"({"statusCode": 201, "headers": {"Retry-After": "1", "Content-Type": "application/json",
            "Content-Length": "99"}, "cookies": ["a=1"], "body": "{}"})"),
        Kind::write
    );
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(response.outcome, Outcome::answered);
    const std::vector<std::pair<std::string, std::string>> expected{{"Retry-After", "1"}, {"Set-Cookie", "a=1"}};
    EXPECT_EQ(response.headers, expected);
}

TEST(FunctionAnswer, SaysWhatMayBeSentAgain) {
    const auto outcome = [](const char* said) {
        const std::string body =
            R"({"statusCode": 503, "headers": {"x-cloudshelf-outcome": ")" + std::string(said) + R"("}})";
        return response_of(invoked(200, body), Kind::write).outcome;
    };
    EXPECT_EQ(outcome("not-done"), Outcome::not_done);
    EXPECT_EQ(outcome("unknown"), Outcome::unknown);
}

// Goal: a write is called undone only where no function can have done it.
TEST(FunctionAnswer, DoubtsWhatAFunctionMayHaveDone) {
    const Error refused{.code = "io.connect", .message = "", .certainty = Certainty::not_done};
    const Error lost{.code = "io.timeout", .message = "", .certainty = Certainty::unknown};
    const auto write = [](const Result<io::HttpResponse>& answer) { return response_of(answer, Kind::write); };
    const auto read = [](const Result<io::HttpResponse>& answer) { return response_of(answer, Kind::read); };
    EXPECT_EQ(write(fail(refused)).outcome, Outcome::not_done);
    EXPECT_EQ(write(fail(lost)).outcome, Outcome::unknown);
    EXPECT_EQ(write(invoked(429, "")).outcome, Outcome::not_done);
    EXPECT_EQ(write(invoked(500, "")).outcome, Outcome::unknown);
    EXPECT_EQ(write(invoked(200, "{}", {{"X-Amz-Function-Error", "Unhandled"}})).outcome, Outcome::unknown);
    EXPECT_EQ(write(invoked(200, "no JSON")).outcome, Outcome::unknown);
    const auto none = write(invoked(404, ""));
    EXPECT_EQ(none.outcome, Outcome::answered);
    EXPECT_EQ(none.status, 502);
    for (const auto& answer :
         {read(fail(lost)), read(invoked(500, "")), read(invoked(200, "{}", {{"X-Amz-Function-Error", "Unhandled"}}))
         }) {
        EXPECT_EQ(answer.outcome, Outcome::answered);
        EXPECT_EQ(answer.status, 502);
    }
}

}  // namespace
}  // namespace cloudshelf::region
