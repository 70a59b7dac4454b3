// Goal: each operation does what Lambda's does, and refuses with its errors. Method: as service_test; what a client
// sees beyond this is in tests/conformance/functions.
#include "region/functions/service_test.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <set>

namespace cloudshelf::functions {
namespace {

const std::string carts = "/2015-03-31/functions/carts";

std::string updated_code(const std::string& zip, const std::string& more = {}) {
    return R"({"ZipFile":")" + base64(zip) + "\"" + more + "}";
}

ASYNC_TEST(Create, AnswersTheConfiguration) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    const auto answer = co_await region.create("carts", R"(,"Timeout":10,"Environment":{"Variables":{"A1":"b"}})");
    EXPECT_EQ(answer.status, 201);
    const auto told = json(answer);
    EXPECT_EQ(told.at("FunctionArn"), "arn:aws:lambda:us-east-1:000000000000:function:carts");
    EXPECT_EQ(told.at("State"), "Active");
    EXPECT_EQ(told.at("LastUpdateStatus"), "Successful");
    EXPECT_EQ(told.at("Version"), "$LATEST");
    EXPECT_EQ(told.at("LastModified"), "2026-09-21T14:13:20.000+0000");
    EXPECT_EQ(told.at("Timeout"), 10);
    EXPECT_EQ(text(told.at("CodeSha256")).size(), 44u);
    co_await region.invoke("carts", "{}");
    const auto& run = region.runner->runs.at(0);
    EXPECT_EQ(run.timeout, std::chrono::seconds(10));
    EXPECT_EQ(run.variables.at("A1"), "b");
    EXPECT_EQ(run.revision, text(told.at("RevisionId")));
    EXPECT_EQ(run.handler, "bootstrap");
    co_await region.stop();
}

ASYNC_TEST(Create, RefusesAndLeavesNothing) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    EXPECT_EQ(error_of(co_await region.create("a b")), "ValidationException");
    EXPECT_EQ(error_of(co_await region.create("carts", "", "no zip")), "InvalidParameterValueException");
    EXPECT_EQ(
        error_of(co_await region.create("carts", R"(,"Architectures":["mips"])")), "InvalidParameterValueException"
    );
    EXPECT_EQ(
        error_of(co_await region.create("carts", R"(,"DeadLetterConfig":{"TargetArn":"arn:aws:sqs:us-east-1:1:q"})")),
        "InvalidParameterValueException"
    );
    EXPECT_EQ(error_of(co_await region.create("carts", R"(,"Tags":{"aws:x":"y"})")), "InvalidParameterValueException");
    EXPECT_EQ(
        error_of(co_await region.create("arn:aws:lambda:us-west-2:000000000000:function:carts")),
        "ResourceNotFoundException"
    );
    EXPECT_EQ((co_await region.call("GET", carts)).status, 404);
    EXPECT_EQ((co_await region.create("carts")).status, 201);
    EXPECT_EQ(error_of(co_await region.create("carts")), "ResourceConflictException");
    co_await region.stop();
}

ASYNC_TEST(Update, OneAtATime) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    {
        const auto guard = region.service->begin_change("carts");
        REQUIRE(guard);
        const auto told = co_await region.call("GET", carts + "/configuration");
        EXPECT_EQ(json(told).at("LastUpdateStatus"), "InProgress");
        for (const auto& [method, path, body] : std::vector<std::tuple<std::string, std::string, std::string>>{
                 {"PUT", carts + "/configuration", "{}"},
                 {"PUT", carts + "/code", updated_code(testing::package())},
                 {"POST", carts + "/versions", "{}"},
                 {"DELETE", carts, ""},
             }) {
            const auto refused = co_await region.call(method, path, body);
            EXPECT_EQ(refused.status, 409) << method << path;
            EXPECT_EQ(error_of(refused), "ResourceConflictException") << method << path;
        }
    }
    EXPECT_EQ((co_await region.call("PUT", carts + "/configuration", "{}")).status, 200);
    co_await region.stop();
}

ASYNC_TEST(Update, RetiresEnvironmentsOfTheOldRevision) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    const auto zip = testing::package({{.name = "a", .content = "x"}});
    const auto changed = co_await region.call("PUT", carts + "/code", updated_code(zip, R"(,"Publish":true)"));
    EXPECT_EQ(json(changed).at("Version"), "1");
    const auto told = json(co_await region.call("GET", carts + "/configuration"));
    REQUIRE(!region.runner->retired.empty());
    EXPECT_EQ(region.runner->retired.back(), "carts:$LATEST:" + text(told.at("RevisionId")));
    co_await region.invoke("carts", "{}");
    EXPECT_TRUE(std::filesystem::exists(region.runner->runs.back().root / "a"));
    co_await region.call("DELETE", carts);
    EXPECT_EQ(region.runner->retired.back(), "carts:1:");
    co_await region.stop();
}

ASYNC_TEST(Update, GuardsByRevision) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    const auto stale = updated_code(testing::package(), R"(,"RevisionId":"stale")");
    EXPECT_EQ((co_await region.call("PUT", carts + "/code", stale)).status, 412);
    EXPECT_EQ((co_await region.call("PUT", carts + "/configuration", R"({"RevisionId":"stale"})")).status, 412);
    EXPECT_EQ((co_await region.call("POST", carts + "/versions", R"({"RevisionId":"stale"})")).status, 412);
    co_await region.stop();
}

ASYNC_TEST(Versions, AreMadeWhenSomethingChanged) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    EXPECT_EQ(json(co_await region.call("POST", carts + "/versions", "{}")).at("Version"), "1");
    EXPECT_EQ(json(co_await region.call("POST", carts + "/versions", "{}")).at("Version"), "1");
    co_await region.call("PUT", carts + "/configuration", R"({"Timeout":7})");
    EXPECT_EQ(json(co_await region.call("POST", carts + "/versions", "{}")).at("Version"), "2");
    EXPECT_EQ((co_await region.call("DELETE", carts + "?Qualifier=2")).status, 204);
    co_await region.call("PUT", carts + "/configuration", R"({"Timeout":8})");
    EXPECT_EQ(json(co_await region.call("POST", carts + "/versions", "{}")).at("Version"), "3") << "never given twice";
    const auto listed = json(co_await region.call("GET", carts + "/versions?MaxItems=2"));
    EXPECT_EQ(listed.at("Versions").as_array().size(), 2u);
    const auto rest = json(co_await region.call("GET", carts + "/versions?Marker=" + text(listed.at("NextMarker"))));
    EXPECT_EQ(rest.at("Versions").as_array().size(), 1u);
    EXPECT_EQ(rest.at("Versions").at(0).at("Timeout"), 8);
    EXPECT_FALSE(rest.as_object().contains("NextMarker"));
    co_await region.stop();
}

ASYNC_TEST(Aliases, SendByWeight) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts", R"(,"Publish":true)");
    co_await region.call("PUT", carts + "/configuration", R"({"Timeout":7})");
    co_await region.call("POST", carts + "/versions", "{}");
    const auto made = co_await region.call(
        "POST",
        carts + "/aliases",
        R"({"Name":"live","FunctionVersion":"1","RoutingConfig":{"AdditionalVersionWeights":{"2":0.5}}})"
    );
    EXPECT_EQ(made.status, 201);
    std::multiset<std::string> versions;
    for (int i = 0; i < 200; ++i) {
        const auto answer = co_await region.invoke("carts:live", "{}");
        versions.insert(std::string(answer.header("X-Amz-Executed-Version")));
    }
    // Outside of these once in 10^11 runs.
    EXPECT_GT(versions.count("1"), 50u);
    EXPECT_GT(versions.count("2"), 50u);
    EXPECT_EQ(versions.size(), versions.count("1") + versions.count("2"));
    EXPECT_EQ(region.runner->invocations.at(0).arn, "arn:aws:lambda:us-east-1:000000000000:function:carts:live");
    co_await region.stop();
}

ASYNC_TEST(Invoke, TellsWhatTheRunnerSays) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    auto answer = co_await region.invoke(
        "carts", "[1]", {{"X-Amz-Log-Type", "Tail"}, {"X-Amz-Client-Context", "eyJhIjoxfQ=="}, {"X-Amzn-Trace-Id", "t"}}
    );
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "[1]");
    EXPECT_EQ(answer.header("X-Amz-Executed-Version"), "$LATEST");
    EXPECT_TRUE(from_base64(answer.header("X-Amz-Log-Result"))->starts_with("START RequestId"));
    const auto& seen = region.runner->invocations.at(0);
    EXPECT_EQ(seen.client_context, R"({"a":1})");
    EXPECT_EQ(seen.trace_id, "t");
    EXPECT_TRUE(seen.wants_log);
    EXPECT_EQ(seen.request_id, answer.header("x-amzn-RequestId"));
    answer = co_await region.invoke("carts", R"({"fail":true})");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("X-Amz-Function-Error"), "Unhandled");
    EXPECT_EQ((co_await region.invoke("carts", "{}", {{"X-Amz-Invocation-Type", "DryRun"}})).status, 204);
    EXPECT_EQ(region.runner->invocations.size(), 2u);
    co_await region.stop();
}

ASYNC_TEST(Invoke, IsThrottledWithItsReason) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    region.runner->refusal = Error{.code = "functions.throttled", .message = "full"};
    auto answer = co_await region.invoke("carts", "{}");
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(error_of(answer), "TooManyRequestsException");
    EXPECT_EQ(json(answer).at("Reason"), "ConcurrentInvocationLimitExceeded");
    co_await region.call("PUT", "/2017-10-31/functions/carts/concurrency", R"({"ReservedConcurrentExecutions":0})");
    answer = co_await region.invoke("carts", "{}");
    EXPECT_EQ(json(answer).at("Reason"), "ReservedFunctionConcurrentInvocationLimitExceeded");
    region.runner->refusal = Error{.code = "functions.stopping", .message = "bye"};
    EXPECT_EQ((co_await region.invoke("carts", "{}")).status, 500);
    co_await region.stop();
}

ASYNC_TEST(Concurrency, IsToldToTheRunner) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts", R"(,"Publish":true)");
    const std::string reserve = "/2017-10-31/functions/carts/concurrency";
    EXPECT_EQ((co_await region.call("PUT", reserve, R"({"ReservedConcurrentExecutions":18})")).status, 200);
    EXPECT_EQ(region.runner->reserved["carts"], 18u);
    EXPECT_EQ((co_await region.call("PUT", reserve, R"({"ReservedConcurrentExecutions":19})")).status, 400);
    EXPECT_EQ((co_await region.call("DELETE", reserve)).status, 204);
    EXPECT_EQ(region.runner->reserved["carts"], std::nullopt);

    const std::string provision = "/2019-09-30/functions/carts/provisioned-concurrency?Qualifier=";
    const std::string three = R"({"ProvisionedConcurrentExecutions":3})";
    EXPECT_EQ((co_await region.call("PUT", provision + "$LATEST", three)).status, 400);
    co_await region.call("POST", carts + "/aliases", R"({"Name":"live","FunctionVersion":"1"})");
    EXPECT_EQ((co_await region.call("PUT", provision + "live", three)).status, 202);
    EXPECT_EQ((co_await region.call("PUT", provision + "1", three)).status, 400) << "one for each version";
    EXPECT_EQ(region.runner->provisions["carts:1"], 3u);
    EXPECT_EQ(json(co_await region.call("GET", provision + "live")).at("Status"), "READY");
    // The alias moves on, and its environments with it.
    co_await region.call("PUT", carts + "/configuration", R"({"Timeout":7})");
    co_await region.call("POST", carts + "/versions", "{}");
    co_await region.call("PUT", carts + "/aliases/live", R"({"FunctionVersion":"2"})");
    EXPECT_EQ(region.runner->provisions["carts:1"], 0u);
    EXPECT_EQ(region.runner->provisions["carts:2"], 3u);
    EXPECT_EQ((co_await region.call("DELETE", provision + "live")).status, 204);
    EXPECT_EQ(region.runner->provisions["carts:2"], 0u);
    EXPECT_EQ((co_await region.call("DELETE", provision + "live")).status, 404);
    co_await region.stop();
}

ASYNC_TEST(List, PagesAndTellsAllVersions) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    for (const std::string name : {"c", "a", "b"}) co_await region.create(name, R"(,"Publish":true)");
    auto listed = json(co_await region.call("GET", "/2015-03-31/functions/?MaxItems=2"));
    EXPECT_EQ(listed.at("Functions").at(0).at("FunctionName"), "a");
    listed = json(co_await region.call("GET", "/2015-03-31/functions/?Marker=" + text(listed.at("NextMarker"))));
    EXPECT_EQ(listed.at("Functions").as_array().size(), 1u);
    listed = json(co_await region.call("GET", "/2015-03-31/functions?FunctionVersion=ALL"));
    EXPECT_EQ(listed.at("Functions").as_array().size(), 6u);
    EXPECT_EQ((co_await region.call("GET", "/2015-03-31/functions?MaxItems=0")).status, 400);
    co_await region.stop();
}

ASYNC_TEST(Qualifiers, AreOneOrRefused) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts", R"(,"Publish":true)");
    EXPECT_EQ((co_await region.call("GET", carts + ":1?Qualifier=1")).status, 200);
    EXPECT_EQ((co_await region.call("GET", carts + ":1?Qualifier=2")).status, 400);
    EXPECT_EQ((co_await region.call("GET", carts + "?Qualifier=2")).status, 404);
    EXPECT_EQ((co_await region.call("GET", carts + "?Qualifier=a%20b")).status, 400);
    EXPECT_EQ((co_await region.call("DELETE", carts + "?Qualifier=$LATEST")).status, 400);
    co_await region.stop();
}

}  // namespace
}  // namespace cloudshelf::functions
