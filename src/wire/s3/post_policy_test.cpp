// Goal: a form is taken exactly where its policy allows it.
#include "wire/s3/post_policy.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cloudshelf::s3 {
namespace {

constexpr std::string_view document = R"({"expiration": "2026-12-01T12:00:00.000Z", "conditions": [
    {"bucket": "books"}, ["starts-with", "$Key", "user/"], ["eq", "$acl", "public-read"],
    ["content-length-range", 2, "10"]]})";

TEST(PostPolicy, IsRead) {
    const auto policy = parse_post_policy(document);
    ASSERT_TRUE(policy) << policy.error().message;
    EXPECT_EQ(policy->expires_ms, 1'796'126'400'000);
    ASSERT_EQ(policy->conditions.size(), 3u);
    const PostCondition key{.kind = PostCondition::Kind::starts_with, .field = "key", .value = "user/"};
    EXPECT_EQ(policy->conditions[1], key);
    EXPECT_EQ(policy->length, std::pair(std::uint64_t{2}, std::uint64_t{10}));
}

TEST(PostPolicy, ThatIsNoneIsRefused) {
    for (const std::string_view bad : {
             "",
             "[]",
             "{}",
             R"({"expiration": "soon", "conditions": []})",
             R"({"expiration": "2026-12-01T12:00:00Z"})",
             R"({"expiration": "2026-12-01T12:00:00Z", "conditions": [["is", "$key", "a"]]})",
             R"({"expiration": "2026-12-01T12:00:00Z", "conditions": [["eq", "key", "a"]]})",
             R"({"expiration": "2026-12-01T12:00:00Z", "conditions": [{"a": "b", "c": "d"}]})",
             R"({"expiration": "2026-12-01T12:00:00Z", "conditions": [{"a": 1}]})",
             R"({"expiration": "2026-12-01T12:00:00Z", "conditions": [["content-length-range", -1, 2]]})",
         })
        EXPECT_EQ(parse_post_policy(bad).error().code, "InvalidPolicyDocument") << bad;
}

TEST(PostPolicy, SpeaksOfEachField) {
    const auto policy = parse_post_policy(document).value();
    struct Case {
        FormFields fields;
        bool allowed;
    };
    const FormFields good{{"bucket", "books"}, {"key", "user/a"}, {"acl", "public-read"}};
    const auto with = [&good](FormFields more) {
        more.insert(more.end(), good.begin(), good.end());
        return more;
    };
    const std::vector<Case> cases{
        {good, true},
        {with({{"x-amz-signature", "s"}, {"policy", "p"}, {"x-ignore-this", "x"}}), true},
        {with({{"content-type", "text/html"}}), false},
        {{{"bucket", "books"}, {"key", "other/a"}, {"acl", "public-read"}}, false},
        {{{"bucket", "albums"}, {"key", "user/a"}, {"acl", "public-read"}}, false},
        {{{"bucket", "books"}, {"key", "user/a"}}, false},
        {{{"bucket", "books"}, {"key", "user/a"}, {"acl", "public-read-write"}}, false},
        {with({{"key", "user/b"}}), true},
        {with({{"key", "other/b"}}), false},
        {with({{"acl", "public-read-write"}}), false},
        {with({{"bucket", "albums"}}), false},
    };
    for (const auto& each : cases) {
        const auto checked = check_fields(policy, each.fields);
        EXPECT_EQ(checked.has_value(), each.allowed) << each.fields.front().first << each.fields.size();
        if (!checked) EXPECT_EQ(checked.error().code, "AccessDenied");
    }
}

TEST(PostPolicy, WithAConditionOfAFieldNeedsTheField) {
    const PostPolicy policy{.conditions = {{.kind = PostCondition::Kind::starts_with, .field = "acl", .value = ""}}};
    EXPECT_FALSE(check_fields(policy, {}));
    EXPECT_TRUE(check_fields(policy, {{"acl", ""}}));
    // The one that is allowed does not speak for the one behind it.
    const PostPolicy exact{.conditions = {{.field = "acl", .value = "private"}}};
    EXPECT_TRUE(check_fields(exact, {{"acl", "private"}, {"acl", "private"}}));
    EXPECT_FALSE(check_fields(exact, {{"acl", "private"}, {"acl", "public-read"}}));
}

TEST(PostPolicy, LimitsTimeAndLength) {
    const auto policy = parse_post_policy(document).value();
    EXPECT_TRUE(check_expiration(policy, policy.expires_ms - 1));
    EXPECT_EQ(
        check_expiration(policy, policy.expires_ms).error().message, "Invalid according to Policy: Policy expired."
    );
    EXPECT_EQ(check_length(policy, 1).error().code, "EntityTooSmall");
    EXPECT_TRUE(check_length(policy, 2));
    EXPECT_TRUE(check_length(policy, 10));
    EXPECT_EQ(check_length(policy, 11).error().code, "EntityTooLarge");
}

}  // namespace
}  // namespace cloudshelf::s3
