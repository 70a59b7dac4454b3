#include "bookstore/functions/function.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <map>

namespace cloudshelf::bookstore {
namespace {

namespace json = boost::json;

using Values = std::map<std::string, std::string>;

Values usual() {
    return {
        {"REGION", "us-west-2"},
        {"DB_HOSTS", "us-east-1=127.46.6.1:1,us-west-2=127.46.6.2:1"},
        {"DB_PASSWORD", "secret"},
        {"SESSION_KEYS", "0123456789abcdef0123,fedcba9876543210fedc"},
        {"PROCESSORS", "127.46.6.3:1,127.46.6.4:1"},
        {"TABLES", "us-east-1=127.46.6.1:2,us-west-2=127.46.6.2:2"},
    };
}

Result<FunctionSettings> settings_of(const Values& values) {
    return read_settings([&](const char* name) -> std::optional<std::string> {
        const auto found = values.find(name);
        if (found == values.end()) return {};
        return found->second;
    });
}

TEST(FunctionSettings, PutOurRegionFirst) {
    const auto settings = settings_of(usual());
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->databases.front().region, "us-west-2");
    EXPECT_EQ(settings->databases.front().host, "127.46.6.2");
    EXPECT_EQ(settings->tables.servers.front().region, "us-west-2");
    EXPECT_EQ(settings->processors.front().text(), "127.46.6.3:1");
    EXPECT_EQ(settings->secrets.session_keys.size(), 2U);
}

// Goal: whoever configures a function is told which variable is wrong, and no secret is.
TEST(FunctionSettings, SayWhatIsWrong) {
    const struct {
        const char* name;
        const char* value;
        const char* code;
    } cases[] = {
        {"REGION", nullptr, "Settings.Missing"},
        {"DB_HOSTS", nullptr, "Settings.Missing"},
        {"DB_HOSTS", "127.0.0.1:5432", "Settings.Wrong"},
        {"DB_HOSTS", "us-east-1=db.example:5432", "Settings.Wrong"},
        {"DB_CERTIFICATE_NAMES", "us-west-2=w.example", "Settings.Missing"},
        {"PROCESSORS", "x", "Settings.Wrong"},
        {"TABLES", "us-east-1", "Settings.Wrong"},
        {"SESSION_KEYS", nullptr, "Settings.Missing"},
        {"SESSION_KEYS", "short-secret", "Settings.Wrong"},
    };
    for (const auto& [name, value, code] : cases) {
        auto values = usual();
        values.erase(name);
        if (value != nullptr) values[name] = value;
        const auto settings = settings_of(values);
        ASSERT_FALSE(settings) << name;
        EXPECT_EQ(settings.error().code, code);
        const std::string named = std::string_view(name) == "DB_CERTIFICATE_NAMES" ? "DB_AUTHORITY" : name;
        EXPECT_TRUE(settings.error().message.starts_with(named)) << settings.error().message;
        EXPECT_EQ(settings.error().message.find("short-secret"), std::string::npos);
    }
}

apigateway::Event event(std::string method, std::string path) {
    apigateway::Event event;
    event.method = std::move(method);
    event.raw_path = std::move(path);
    return event;
}

TEST(FunctionEvents, BecomeRequests) {
    auto order = event("POST", "/orders/a%20b");
    order.raw_query = "q=x+y";
    order.headers = {{"authorization", "Bearer t"}, {"idempotency-key", "k"}};
    order.stage_variables = {{attempt_variable, "a-1"}};
    order.body = "{}";
    const auto request = request_of(order);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->path, "/orders/a b");
    EXPECT_EQ(request->parameter("q"), "x y");
    EXPECT_EQ(request->authorization, "Bearer t");
    EXPECT_EQ(request->idempotency_key, "k");
    EXPECT_EQ(request->attempt_id, "a-1");
    EXPECT_EQ(request->body, "{}");
    EXPECT_FALSE(request_of(event("GET", "/%zz")));
}

TEST(FunctionEvents, SayWhatBecameOfARequest) {
    const auto answered = answer_of({.status = 200, .headers = {{"Allow", "GET"}}, .body = "{}"});
    EXPECT_EQ(answered.headers.at("Content-Type"), "application/json");
    EXPECT_EQ(answered.headers.at("Allow"), "GET");
    EXPECT_FALSE(answered.headers.contains(outcome_header));
    EXPECT_EQ(answer_of({.status = 503, .outcome = Outcome::not_done}).headers.at(outcome_header), "not-done");
    EXPECT_EQ(answer_of({.status = 503, .outcome = Outcome::unknown}).headers.at(outcome_header), "unknown");
}

TEST(FunctionServices, HaveTheirPaths) {
    EXPECT_EQ(service_of("/books"), Service::catalog);
    EXPECT_EQ(service_of("/books/1/ratings"), Service::catalog);
    EXPECT_EQ(service_of("/users/me"), Service::auth);
    EXPECT_EQ(service_of("/payments"), Service::payments);
    EXPECT_FALSE(service_of("/bookshelf"));
    EXPECT_FALSE(service_of("/"));
    EXPECT_FALSE(service_named("Catalog"));
}

/// What a function without any server behind it answers.
json::object invoke(Service service, const apigateway::Event& event) {
    auto settings = settings_of(usual());
    Function function(service, std::move(*settings));
    const auto answer = function.invoke(print(event));
    EXPECT_TRUE(answer);
    return answer ? json::parse(*answer).as_object() : json::object{};
}

// Goal: with nothing behind it a function still answers, and says what was surely not done.
TEST(Function, AnswersWithoutServers) {
    const auto books = invoke(Service::catalog, event("GET", "/books"));
    EXPECT_EQ(books.at("statusCode"), 503);
    auto sign_up = event("POST", "/users");
    sign_up.stage_variables = {{writer_variable, "us-east-1"}};
    sign_up.body = R"({"email": "a@b.example", "name": "A", "password": "long enough"})";
    const auto refused = invoke(Service::auth, sign_up);
    EXPECT_EQ(refused.at("statusCode"), 503);
    EXPECT_EQ(refused.at("headers").at(outcome_header), "not-done");
    const auto health = invoke(Service::cart, event("GET", "/health"));
    EXPECT_EQ(health.at("statusCode"), 503);
    EXPECT_EQ(invoke(Service::cart, event("GET", "/books")).at("statusCode"), 404);
    EXPECT_EQ(invoke(Service::cart, event("GET", "/%zz")).at("statusCode"), 400);
}

TEST(Function, TellsWarmUpsFromEvents) {
    auto settings = settings_of(usual());
    Function function(Service::catalog, std::move(*settings));
    const auto warm = function.invoke(R"({"warmup": true})");
    ASSERT_TRUE(warm);
    EXPECT_EQ(*warm, R"({"warm":false})");
    const auto bad = function.invoke("no event");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, "Function.BadEvent");
}

}  // namespace
}  // namespace cloudshelf::bookstore
