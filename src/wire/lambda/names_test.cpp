// Goal: functions are found by every way of naming them, and paths lead to their operations. Method: each form once,
// and what is none of them.
#include "wire/lambda/arn.hpp"
#include "wire/lambda/date.hpp"
#include "wire/lambda/operation.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::lambda {
namespace {

TEST(Reference, HasFiveForms) {
    for (const std::string_view text : {
             "carts",
             "carts:live",
             "000000000000:function:carts",
             "000000000000:function:carts:live",
             "function:carts",
             "arn:aws:lambda:us-east-1:000000000000:function:carts:live",
         }) {
        const auto read = read_reference(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->name, "carts") << text;
        EXPECT_EQ(read->qualifier, text.ends_with("live") ? "live" : "") << text;
        EXPECT_EQ(read->region, text.starts_with("arn") ? "us-east-1" : "") << text;
    }
    EXPECT_EQ(read_reference("carts:$LATEST")->qualifier, "$LATEST");
    EXPECT_EQ(read_reference("carts:17")->qualifier, "17");
}

TEST(Reference, RefusesWhatIsNone) {
    for (const std::string_view text : {
             "",
             "a b",
             "carts:",
             "carts:live:more",
             "carts:$OLDEST",
             "../carts",
             "arn:aws:lambda:us-east-1:000000000000:function",
             "arn:aws:s3:us-east-1:000000000000:function:carts",
             "000000000000:carts",
         }) {
        const auto read = read_reference(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, "ValidationException");
    }
    EXPECT_FALSE(read_reference(std::string(65, 'a')));
}

TEST(Reference, IsWrittenAsArn) {
    EXPECT_EQ(function_arn("us-east-1", "carts"), "arn:aws:lambda:us-east-1:000000000000:function:carts");
    EXPECT_EQ(function_arn("us-east-1", "carts", "2"), "arn:aws:lambda:us-east-1:000000000000:function:carts:2");
}

TEST(Target, IsReadFromThePath) {
    const auto create = read_target("POST", "/2015-03-31/functions");
    ASSERT_TRUE(create);
    EXPECT_EQ(create->operation, "CreateFunction");
    const auto alias = read_target("PUT", "/2015-03-31/functions/carts/aliases/live");
    ASSERT_TRUE(alias);
    EXPECT_EQ(alias->operation, "UpdateAlias");
    EXPECT_EQ(alias->label("FunctionName"), "carts");
    EXPECT_EQ(alias->label("Name"), "live");
    const auto invoke = read_target("POST", "/2015-03-31/functions/arn%3Aaws%3Alambda/invocations?Qualifier=live");
    ASSERT_TRUE(invoke);
    EXPECT_EQ(invoke->operation, "Invoke");
    EXPECT_EQ(invoke->label("FunctionName"), "arn:aws:lambda");
}

TEST(Target, ListsOfProvisionedConcurrencyAreAskedForByQuery) {
    constexpr std::string_view path = "/2019-09-30/functions/carts/provisioned-concurrency";
    EXPECT_EQ(read_target("GET", path)->operation, "GetProvisionedConcurrencyConfig");
    EXPECT_EQ(read_target("GET", std::string(path) + "?List=ALL")->operation, "ListProvisionedConcurrencyConfigs");
}

TEST(Target, IsNothingElsewhere) {
    for (const std::string_view path : {"", "/", "functions", "/2015-03-31/function", "/2015-03-31/functions//code"}) {
        EXPECT_FALSE(read_target("GET", path)) << path;
    }
    EXPECT_FALSE(read_target("PATCH", "/2015-03-31/functions"));
}

TEST(Text, IsDecodedOnce) {
    EXPECT_EQ(percent_decode("a%3Ab%2525%2"), "a:b%25%2");
    EXPECT_EQ(percent_decode("%zz"), "%zz");
}

TEST(Timestamp, HasMillisecondsAndAnOffset) {
    EXPECT_EQ(timestamp(1'790'000'000'123), "2026-09-21T14:13:20.123+0000");
}

}  // namespace
}  // namespace cloudshelf::lambda
