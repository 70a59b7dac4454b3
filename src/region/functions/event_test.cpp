// Goal: events are tried again as Lambda does, and what is told of them is complete. Method: the decisions alone, with
// times as numbers.
#include "region/functions/event.hpp"

#include "region/functions/record.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace cloudshelf::functions {
namespace {

constexpr std::int64_t now = 1'790'000'000'000;

Event event() {
    return {.id = "id", .function = "carts", .qualifier = "live", .payload = R"({"a":1})", .accepted_ms = now};
}

TEST(Retries, ComeAfterOneMinuteAndAfterTwo) {
    auto step = next_step(event(), Verdict::failed, {}, now);
    ASSERT_TRUE(step.again);
    EXPECT_EQ(step.again->due_ms, now + 60'000);
    step = next_step(step.again->event, Verdict::failed, {}, now + 60'000);
    ASSERT_TRUE(step.again);
    EXPECT_EQ(step.again->due_ms, now + 60'000 + 120'000);
    step = next_step(step.again->event, Verdict::failed, {}, now + 180'000);
    ASSERT_TRUE(step.over);
    EXPECT_EQ(step.over->condition, "RetriesExhausted");
    EXPECT_EQ(step.over->event.failures, 3);
}

TEST(Retries, AreAsManyAsTheSettingsSay) {
    RetryTerms terms;
    terms.config.retries_max = 0;
    EXPECT_TRUE(next_step(event(), Verdict::failed, terms, now).over);
    EXPECT_EQ(next_step(event(), Verdict::succeeded, terms, now).over->condition, "Success");
}

TEST(Retries, EndWithTheEventsAge) {
    RetryTerms terms;
    terms.config.age_seconds_max = 60;
    EXPECT_TRUE(next_step(event(), Verdict::failed, terms, now).again);
    const auto late = next_step(event(), Verdict::failed, terms, now + 1);
    ASSERT_TRUE(late.over);
    EXPECT_EQ(late.over->condition, "EventAgeExceeded");
}

TEST(Retries, WithoutRoomDoNotCountAndGrowFurtherApart) {
    Event waiting = event();
    std::int64_t at = now;
    std::vector<std::int64_t> waits;
    for (int i = 0; i < 12; ++i) {
        const auto step = next_step(waiting, Verdict::no_room, {}, at);
        ASSERT_TRUE(step.again);
        waits.push_back((step.again->due_ms - at) / 1000);
        at = step.again->due_ms;
        waiting = step.again->event;
    }
    EXPECT_EQ(waits, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300}));
    EXPECT_EQ(waiting.failures, 0);
    EXPECT_TRUE(next_step(waiting, Verdict::no_room, {}, now + 6 * 3'600'000).over);
}

TEST(Records, AreAsDocumented) {
    Event failed = event();
    failed.failures = 3;
    const Ending ending{
        .function_arn = "arn:x:live",
        .executed_version = "7",
        .condition = "RetriesExhausted",
        .function_error = "Unhandled",
        .response = "no json",
        .now_ms = now,
    };
    EXPECT_EQ(
        boost::json::parse(invocation_record(failed, ending)),
        boost::json::parse(
            R"({"version":"1.0","timestamp":"2026-09-21T14:13:20.000Z","requestContext":{"requestId":"id",)"
            R"("functionArn":"arn:x:live","condition":"RetriesExhausted","approximateInvokeCount":3},)"
            R"("requestPayload":{"a":1},"responseContext":{"statusCode":200,"executedVersion":"7",)"
            R"("functionError":"Unhandled"},"responsePayload":"no json"})"
        )
    );
}

TEST(Deliveries, GoToFunctionsAndBuckets) {
    const Ending ending{.function_arn = "arn:x", .condition = "RetriesExhausted", .now_ms = now};
    const auto made = deliveries(
        event(), ending, {"arn:aws:lambda:us-east-1:000000000000:function:dead:live", "arn:aws:s3:::failed"}
    );
    ASSERT_EQ(made.size(), 2u);
    EXPECT_EQ(made[0].function, "dead");
    EXPECT_EQ(made[0].qualifier, "live");
    EXPECT_EQ(made[0].depth, 1);
    EXPECT_EQ(made[1].bucket, "failed");
    EXPECT_TRUE(made[1].key.starts_with("aws/lambda/async/carts/2026/09/21/2026-09-21T14.13.20-")) << made[1].key;
}

TEST(Deliveries, EndWhereTheyGoInARing) {
    Event last = event();
    last.depth = depth_max;
    EXPECT_TRUE(deliveries(last, {}, {"arn:aws:s3:::failed"}).empty());
}

TEST(Destinations, AreFunctionsOfThisRegionAndBuckets) {
    constexpr std::string_view function = "arn:aws:lambda:us-east-1:000000000000:function:dead";
    EXPECT_TRUE(check_destination("", "us-east-1", false));
    EXPECT_TRUE(check_destination(function, "us-east-1", false));
    EXPECT_FALSE(check_destination(function, "us-west-2", false));
    EXPECT_TRUE(check_destination("arn:aws:s3:::failed", "us-east-1", true));
    EXPECT_FALSE(check_destination("arn:aws:s3:::failed", "us-east-1", false));
    EXPECT_FALSE(check_destination("arn:aws:s3:::failed/key", "us-east-1", true));
    EXPECT_FALSE(check_destination("arn:aws:sqs:us-east-1:000000000000:dead", "us-east-1", true));
    EXPECT_FALSE(check_destination("dead", "us-east-1", true));
}

TEST(Events, AreReadAsTheyWereWritten) {
    Event written = event();
    written.client_context = "{}";
    written.bucket = "failed";
    written.key = "a/b";
    written.failures = 2;
    written.put_off = 3;
    written.depth = 4;
    const auto bytes = encode_event(written);
    EXPECT_EQ(decode_event(bytes), written);
    for (std::size_t length = 0; length < bytes.size(); ++length) EXPECT_FALSE(decode_event(bytes.substr(0, length)));
    EXPECT_FALSE(decode_event(bytes + "x"));
}

TEST(Functions, AreReadAsTheyWereWritten) {
    Function written;
    written.name = "carts";
    written.latest.configuration = {
        .description = "d", .handler = "h", .runtime = "provided", .role = "arn:aws:iam::1:role/r"
    };
    written.latest.configuration.variables.emplace().emplace("AA", "b");
    written.latest.code = {.digest = std::string(64, 'a'), .bytes = 7};
    written.latest.revision = "r";
    written.latest.modified_ms = now;
    Version first = written.latest;
    first.number = "1";
    written.published.emplace(1, first);
    written.next_number = 2;
    written.aliases["live"] = {.name = "live", .version = "1", .revision = "x"};
    written.reserved = 5;
    written.provisioned["live"] = {.requested = 2, .modified_ms = now};
    written.event_settings["$LATEST"].config.retries_max = 1;
    written.statements["live"]["edge"] = "{}";
    written.tags["a"] = "b";
    EXPECT_EQ(decode_function(encode_function(written)), written);
    EXPECT_FALSE(decode_function("{}"));
    EXPECT_FALSE(decode_function("no json"));
}

}  // namespace
}  // namespace cloudshelf::functions
