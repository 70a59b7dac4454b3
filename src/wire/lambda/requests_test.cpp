// Goal: what requests ask for is read with Lambda's limits and words. Method: the documents as clients send them, and
// each with one thing wrong.
#include "wire/lambda/alias.hpp"
#include "wire/lambda/configuration.hpp"
#include "wire/lambda/errors.hpp"
#include "wire/lambda/event_invoke.hpp"
#include "wire/lambda/event_source.hpp"
#include "wire/lambda/invocation.hpp"
#include "wire/lambda/policy.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace cloudshelf::lambda {
namespace {

boost::json::object json(std::string_view text) {
    return boost::json::parse(text).as_object();
}

constexpr std::string_view carts = R"({"FunctionName":"carts","Runtime":"provided.al2023","Handler":"bootstrap",)"
                                   R"("Role":"arn:aws:iam::000000000000:role/functions","Timeout":10,)"
                                   R"("Environment":{"Variables":{"TABLE":"Carts"}},)"
                                   R"("DeadLetterConfig":{"TargetArn":"arn:aws:s3:::failed"}})";

TEST(Configuration, HasLambdasDefaults) {
    const auto read = read_configuration(json(carts));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->timeout_seconds, 10);
    EXPECT_EQ(read->memory_mib, 128);
    EXPECT_EQ(read->ephemeral_mib, 512);
    EXPECT_EQ(read->tracing_mode, "PassThrough");
    EXPECT_EQ(read->variables->at("TABLE"), "Carts");
}

TEST(Configuration, IsReadAgainAsTheSame) {
    const auto read = read_configuration(json(carts));
    ASSERT_TRUE(read);
    boost::json::object written;
    print(*read, written);
    const auto again = read_configuration(written);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *read);
}

TEST(Configuration, VariablesAreReplacedAndTheRestStays) {
    const auto before = read_configuration(json(carts));
    const auto after = change_configuration(*before, json(R"({"Environment":{"Variables":{"MODE":"fast"}}})"));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->variables, (std::map<std::string, std::string>{{"MODE", "fast"}}));
    EXPECT_EQ(after->timeout_seconds, 10);
    const auto untouched = change_configuration(*before, json(R"({"Timeout":20})"));
    EXPECT_EQ(untouched->variables->size(), 1u);
}

TEST(Configuration, RefusesWithLambdasErrors) {
    const auto refused = [](std::string_view member, std::string_view value) {
        auto request = json(carts);
        request[member] = boost::json::parse(value);
        const auto read = read_configuration(request);
        return read ? "" : read.error().code;
    };
    EXPECT_EQ(refused("Timeout", "0"), "ValidationException");
    EXPECT_EQ(refused("Timeout", "901"), "ValidationException");
    EXPECT_EQ(refused("Timeout", "\"10\""), "SerializationException");
    EXPECT_EQ(refused("MemorySize", "127"), "ValidationException");
    EXPECT_EQ(refused("Handler", "\"a b\""), "ValidationException");
    EXPECT_EQ(refused("Role", "\"nobody\""), "ValidationException");
    EXPECT_EQ(refused("Role", "null"), "ValidationException");
    EXPECT_EQ(refused("Runtime", "\"python3.12\""), "InvalidParameterValueException");
    EXPECT_EQ(refused("Runtime", "null"), "InvalidParameterValueException");
    EXPECT_EQ(refused("Layers", R"(["arn:aws:lambda:us-east-1:1:layer:a:1"])"), "InvalidParameterValueException");
    EXPECT_EQ(refused("Layers", "[]"), "");
    EXPECT_EQ(refused("PackageType", "\"Image\""), "InvalidParameterValueException");
    EXPECT_EQ(refused("VpcConfig", R"({"SubnetIds":["a"]})"), "InvalidParameterValueException");
    EXPECT_EQ(refused("VpcConfig", R"({"SubnetIds":[]})"), "");
    EXPECT_EQ(refused("Environment", R"({"Variables":{"AWS_REGION":"x"}})"), "InvalidParameterValueException");
    EXPECT_EQ(refused("Environment", R"({"Variables":{"1":"x"}})"), "ValidationException");
    const auto long_value =
        boost::json::serialize(boost::json::object{{"Variables", boost::json::object{{"LONG", std::string(4100, 'x')}}}}
        );
    EXPECT_EQ(refused("Environment", long_value), "InvalidParameterValueException");
}

TEST(Configuration, SaysWhichArchitectureIsExpected) {
    EXPECT_TRUE(check_architectures(json("{}"), "x86_64"));
    EXPECT_TRUE(check_architectures(json(R"({"Architectures":["x86_64"]})"), "x86_64"));
    const auto other = check_architectures(json(R"({"Architectures":["arm64"]})"), "x86_64");
    ASSERT_FALSE(other);
    EXPECT_TRUE(other.error().message.contains("x86_64"));
}

TEST(Validation, HasLambdasWords) {
    EXPECT_EQ(
        read_configuration(json(R"({"Timeout":901})")).error().message,
        "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value "
        "less than or equal to 900"
    );
}

TEST(Errors, CarryTypeReasonAndMessage) {
    EXPECT_EQ(
        error_body(errors::function_not_found("arn:x")), R"({"Type":"User","Message":"Function not found: arn:x"})"
    );
    EXPECT_EQ(
        error_body(errors::too_many_requests(), Throttled::reserved),
        R"({"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."})"
    );
    EXPECT_EQ(status_of("ResourceNotFoundException"), 404);
    EXPECT_EQ(status_of("ResourceConflictException"), 409);
    EXPECT_EQ(status_of("PreconditionFailedException"), 412);
    EXPECT_EQ(status_of("RequestEntityTooLargeException"), 413);
    EXPECT_EQ(status_of("TooManyRequestsException"), 429);
    EXPECT_EQ(status_of("InvalidParameterValueException"), 400);
    EXPECT_EQ(status_of("ServiceException"), 500);
}

TEST(Alias, IsReadAgainAsTheSame) {
    const auto read = read_alias(
        json(R"({"Name":"live","FunctionVersion":"1","RoutingConfig":{"AdditionalVersionWeights":{"2":0.25}}})")
    );
    ASSERT_TRUE(read);
    const auto again = read_alias(print(*read));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *read);
}

TEST(Alias, PicksByWeight) {
    const Alias alias{.name = "live", .version = "1", .additional_weights = {{"2", 0.25}}};
    EXPECT_EQ(pick_version(alias, 0.0), "2");
    EXPECT_EQ(pick_version(alias, 0.249), "2");
    EXPECT_EQ(pick_version(alias, 0.25), "1");
    EXPECT_EQ(pick_version(alias, 0.999), "1");
}

TEST(Alias, RefusesWhatLambdaRefuses) {
    const auto refused = [](std::string_view text) {
        const auto read = read_alias(json(text));
        return read ? "" : read.error().code;
    };
    EXPECT_EQ(refused(R"({"Name":"1","FunctionVersion":"1"})"), "ValidationException");
    EXPECT_EQ(refused(R"({"Name":"live"})"), "ValidationException");
    EXPECT_EQ(refused(R"({"Name":"live","FunctionVersion":"one"})"), "ValidationException");
    const auto routed = [&](std::string_view version, std::string_view weights) {
        return refused(std::string(R"({"Name":"live","FunctionVersion":")")
                           .append(version)
                           .append(R"(","RoutingConfig":{"AdditionalVersionWeights":)")
                           .append(weights)
                           .append("}}"));
    };
    EXPECT_EQ(routed("1", R"({"2":1.5})"), "ValidationException");
    EXPECT_EQ(routed("1", R"({"live":0.5})"), "ValidationException");
    EXPECT_EQ(routed("1", R"({"1":0.5})"), "InvalidParameterValueException");
    EXPECT_EQ(routed("1", R"({"2":0.1,"3":0.1})"), "InvalidParameterValueException");
    EXPECT_EQ(routed("$LATEST", R"({"2":0.1})"), "InvalidParameterValueException");
}

TEST(Alias, AnEmptyRoutingTakesTheWeightsAway) {
    const Alias alias{.name = "live", .version = "1", .additional_weights = {{"2", 0.25}}};
    EXPECT_TRUE(change_alias(alias, json(R"({"RoutingConfig":{}})"))->additional_weights.empty());
    EXPECT_EQ(change_alias(alias, json(R"({"Description":"x"})"))->additional_weights.size(), 1u);
}

TEST(EventInvokeConfig, IsReadAgainAsTheSame) {
    const auto read = change_event_invoke_config(
        {},
        json(R"({"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":60,)"
             R"("DestinationConfig":{"OnFailure":{"Destination":"arn:aws:s3:::failed"}}})")
    );
    ASSERT_TRUE(read);
    EXPECT_EQ(read->on_failure, "arn:aws:s3:::failed");
    const auto again = change_event_invoke_config({}, print(*read));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *read);
    EXPECT_FALSE(change_event_invoke_config({}, json(R"({"MaximumRetryAttempts":3})")));
    EXPECT_FALSE(change_event_invoke_config({}, json(R"({"MaximumEventAgeInSeconds":59})")));
}

TEST(EventSourceMapping, IsReadAgainAsTheSame) {
    constexpr std::string_view stream = "arn:aws:dynamodb:us-east-1:000000000000:table/Carts/stream/2026";
    boost::json::object request{{"EventSourceArn", stream}, {"StartingPosition", "TRIM_HORIZON"}, {"BatchSize", 7}};
    auto read = read_event_source_mapping(request);
    ASSERT_TRUE(read);
    read->uuid = "id";
    read->function_arn = "arn:x";
    read->on_failure = "arn:aws:s3:::failed";
    read->modified_ms = 1'790'000'000'123;
    EXPECT_EQ(read_printed_mapping(print(*read)), *read);
    const auto refused = [&](std::string_view member, boost::json::value value) {
        auto other = request;
        other[member] = std::move(value);
        const auto answer = read_event_source_mapping(other);
        return answer ? "" : answer.error().code;
    };
    EXPECT_EQ(refused("EventSourceArn", "arn:aws:sqs:us-east-1:000000000000:q"), "InvalidParameterValueException");
    EXPECT_EQ(refused("StartingPosition", "AT_TIMESTAMP"), "ValidationException");
    EXPECT_EQ(refused("BatchSize", 1001), "ValidationException");
    EXPECT_EQ(refused("ParallelizationFactor", 2), "InvalidParameterValueException");
    EXPECT_EQ(refused("FilterCriteria", boost::json::object{{"Filters", 1}}), "InvalidParameterValueException");
}

TEST(Invocation, ReadsHeaders) {
    EXPECT_EQ(read_invocation_type(""), InvocationType::request_response);
    EXPECT_EQ(read_invocation_type("Event"), InvocationType::event);
    EXPECT_EQ(read_invocation_type("DryRun"), InvocationType::dry_run);
    EXPECT_FALSE(read_invocation_type("event"));
    EXPECT_EQ(read_log_type("Tail"), true);
    EXPECT_FALSE(read_log_type("Head"));
    EXPECT_EQ(read_client_context("e30="), "{}");
    EXPECT_FALSE(read_client_context("{}"));
    EXPECT_FALSE(read_client_context("e30"));
}

TEST(Invocation, PayloadsAreJsonOfALimitedSize) {
    using enum InvocationType;
    EXPECT_EQ(read_payload("", request_response), "{}");
    EXPECT_EQ(read_payload("[1,2]", request_response), "[1,2]");
    EXPECT_EQ(read_payload("no", request_response).error().code, "InvalidRequestContentException");
    EXPECT_EQ(read_payload("{} {}", request_response).error().code, "InvalidRequestContentException");
    EXPECT_EQ(read_payload("{", request_response).error().code, "InvalidRequestContentException");
    const std::string text = "\"" + std::string(event_payload_bytes_max - 1, 'x') + "\"";
    EXPECT_TRUE(read_payload(text, request_response));
    EXPECT_EQ(
        read_payload(text, event).error().message,
        "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    );
}

TEST(Statement, IsWrittenAsLambdaDoes) {
    const auto read = read_statement(
        json(R"({"StatementId":"edge","Action":"lambda:InvokeFunction","Principal":"s3.amazonaws.com",)"
             R"("SourceArn":"arn:aws:s3:::books"})"),
        "arn:x"
    );
    ASSERT_TRUE(read);
    EXPECT_EQ(
        read->json,
        R"({"Sid":"edge","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction",)"
        R"("Resource":"arn:x","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::books"}}})"
    );
    EXPECT_TRUE(print_policy({{read->id, read->json}}).starts_with(R"({"Version":"2012-10-17","Id":"default",)"));
    EXPECT_FALSE(read_statement(json(R"({"StatementId":"a b","Action":"*","Principal":"*"})"), "arn:x"));
    EXPECT_FALSE(read_statement(json(R"({"StatementId":"a","Action":"s3:Get","Principal":"*"})"), "arn:x"));
}

}  // namespace
}  // namespace cloudshelf::lambda
