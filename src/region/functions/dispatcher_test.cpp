// Goal: an event that was accepted is tried until it is over, also after the program's end, and its end is told.
// Method: as service_test, with delays of milliseconds and a clock that is moved.
#include "region/functions/service_test.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::functions {
namespace {

/// Moves the clock over every delay while it waits for so many runs.
io::Task<bool> ran_in_time(Region* region, std::size_t times) {
    const auto deadline = io::Deadline::after(std::chrono::seconds(20));
    while (region->runner->invocations.size() < times && !deadline.passed()) {
        region->wall_ms += 50;
        region->service->dispatcher().wake();
        co_await io::wait_for(std::chrono::milliseconds(2));
    }
    co_return region->runner->invocations.size() >= times;
}

ASYNC_TEST(Events, RunOnce) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    const auto accepted = co_await region.invoke_later("carts", "[1]");
    EXPECT_EQ(accepted.status, 202);
    EXPECT_EQ(accepted.body, "");
    REQUIRE(co_await region.ran(1));
    REQUIRE(co_await region.settled());
    EXPECT_EQ(region.runner->invocations.size(), 1u);
    EXPECT_EQ(region.runner->invocations[0].payload, "[1]");
    EXPECT_EQ(region.runner->invocations[0].request_id, accepted.header("x-amzn-RequestId"));
    EXPECT_EQ(region.service->dispatcher().ended().at("Success"), 1u);
    co_await region.stop();
}

ASYNC_TEST(Events, AreTriedTwiceMoreAndThenToldToTheDeadLetterTarget) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("dead");
    co_await region.create(
        "carts", R"(,"DeadLetterConfig":{"TargetArn":"arn:aws:lambda:us-east-1:000000000000:function:dead"})"
    );
    co_await region.invoke_later("carts", R"({"fail":1})");
    REQUIRE(co_await ran_in_time(&region, 4));
    REQUIRE(co_await region.settled());
    const auto& runs = region.runner->runs;
    REQUIRE(runs.size() == 4);
    EXPECT_EQ(runs[2].function, "carts");
    EXPECT_EQ(runs[3].function, "dead");
    const auto record = boost::json::parse(region.runner->invocations[3].payload);
    EXPECT_EQ(record.at("requestContext").at("condition"), "RetriesExhausted");
    EXPECT_EQ(record.at("requestContext").at("approximateInvokeCount"), 3);
    EXPECT_EQ(record.at("requestPayload").at("fail"), 1);
    EXPECT_EQ(record.at("responsePayload").at("errorType"), "Asked");
    co_await region.stop();
}

ASYNC_TEST(Events, WaitTheirDelays) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    co_await region.invoke_later("carts", R"({"fail":1})");
    REQUIRE(co_await region.ran(1));
    region.wall_ms += 59;
    region.service->dispatcher().wake();
    co_await io::wait_for(std::chrono::milliseconds(20));
    EXPECT_EQ(region.runner->invocations.size(), 1u);
    region.wall_ms += 1;
    region.service->dispatcher().wake();
    REQUIRE(co_await region.ran(2));
    co_await region.stop();
}

ASYNC_TEST(Events, OutliveTheProgram) {
    Region region(co_await boost::asio::this_coro::executor);
    region.prepare = [](FakeRunner& runner) { runner.refusal = Error{.code = "functions.stopping", .message = "bye"}; };
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    for (int i = 0; i < 3; ++i) EXPECT_EQ((co_await region.invoke_later("carts", std::to_string(i))).status, 202);
    region.prepare = {};
    REQUIRE(co_await region.restart());
    REQUIRE(co_await ran_in_time(&region, 3));
    REQUIRE(co_await region.settled());
    EXPECT_EQ(region.runner->invocations.size(), 3u);
    co_await region.stop();
}

ASYNC_TEST(Events, WaitForRoom) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    region.runner->refusal = Error{.code = "functions.throttled", .message = "full"};
    co_await region.invoke_later("carts", "{}");
    co_await io::wait_for(std::chrono::milliseconds(20));
    region.runner->refusal.reset();
    REQUIRE(co_await ran_in_time(&region, 1));
    REQUIRE(co_await region.settled());
    EXPECT_EQ(region.service->dispatcher().ended().at("Success"), 1u);
    co_await region.stop();
}

ASYNC_TEST(Events, FollowTheSettingsOfWhatWasInvoked) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("told");
    co_await region.create("carts");
    const std::string settings = "/2019-09-25/functions/carts/event-invoke-config";
    const auto put = co_await region.call(
        "PUT",
        settings,
        R"({"MaximumRetryAttempts":0,"DestinationConfig":{)"
        R"("OnFailure":{"Destination":"arn:aws:lambda:us-east-1:000000000000:function:told"},)"
        R"("OnSuccess":{"Destination":"arn:aws:lambda:us-east-1:000000000000:function:told"}}})"
    );
    EXPECT_EQ(put.status, 200);
    EXPECT_EQ(json(put).at("FunctionArn"), "arn:aws:lambda:us-east-1:000000000000:function:carts:$LATEST");
    co_await region.invoke_later("carts", R"({"fail":1})");
    REQUIRE(co_await ran_in_time(&region, 2));
    REQUIRE(co_await region.settled());
    EXPECT_EQ(region.runner->runs.back().function, "told");
    co_await region.invoke_later("carts", "{}");
    REQUIRE(co_await ran_in_time(&region, 4));
    REQUIRE(co_await region.settled());
    const auto record = boost::json::parse(region.runner->invocations.back().payload);
    EXPECT_EQ(record.at("requestContext").at("condition"), "Success");
    EXPECT_EQ(record.at("requestContext").at("approximateInvokeCount"), 1);
    EXPECT_EQ((co_await region.call("POST", settings, R"({"MaximumRetryAttempts":1})")).status, 200);
    EXPECT_EQ(json(co_await region.call("GET", settings)).at("MaximumRetryAttempts"), 1);
    EXPECT_TRUE(json(co_await region.call("GET", settings)).at("DestinationConfig").at("OnFailure").as_object().size());
    EXPECT_EQ((co_await region.call("DELETE", settings)).status, 204);
    EXPECT_EQ((co_await region.call("POST", settings, "{}")).status, 404);
    co_await region.stop();
}

ASYNC_TEST(Events, OfAFunctionThatIsGoneAreDropped) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create("carts");
    region.runner->refusal = Error{.code = "functions.throttled", .message = "full"};
    co_await region.invoke_later("carts", "{}");
    co_await region.call("DELETE", "/2015-03-31/functions/carts");
    region.wall_ms += 60'000;
    region.service->dispatcher().wake();
    REQUIRE(co_await region.settled());
    EXPECT_EQ(region.service->dispatcher().ended().at("Dropped"), 1u);
    co_await region.stop();
}

ASYNC_TEST(Events, InARingEnd) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    co_await region.create(
        "carts", R"(,"DeadLetterConfig":{"TargetArn":"arn:aws:lambda:us-east-1:000000000000:function:carts"})"
    );
    region.runner->fails_always = true;
    const std::string settings = "/2019-09-25/functions/carts/event-invoke-config";
    co_await region.call("PUT", settings, R"({"MaximumRetryAttempts":0})");
    co_await region.invoke_later("carts", "{}");
    REQUIRE(co_await region.settled());
    EXPECT_EQ(region.runner->invocations.size(), static_cast<std::size_t>(depth_max) + 1);
    co_await region.stop();
}

}  // namespace
}  // namespace cloudshelf::functions
