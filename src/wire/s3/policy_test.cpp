#include "wire/s3/policy.hpp"

#include "wire/s3/ip_block.hpp"
#include "wire/s3/support_test.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

Result<Policy> read(const std::string& statements) {
    return parse_policy(R"({"Version":"2012-10-17","Statement":[)" + statements + "]}", "covers");
}

std::string statement(
    const std::string& effect, const std::string& principal, const std::string& action, const std::string& more = ""
) {
    return R"({"Effect":")" + effect + R"(","Principal":)" + principal + R"(,"Action":)" + action +
           R"(,"Resource":["arn:aws:s3:::covers","arn:aws:s3:::covers/*"])" + more + "}";
}

const std::string anybody = R"("*")";
const std::string any_action = R"("s3:*")";

PolicyRequest get(std::string key, std::map<std::string, std::vector<std::string>, std::less<>> context = {}) {
    return {
        .principal_arn = "arn:aws:iam::123456789012:user/ann",
        .account = "123456789012",
        .canonical_id = "c1",
        .action = "s3:GetObject",
        .resource = "arn:aws:s3:::covers/" + key,
        .context = std::move(context),
    };
}

/// What a condition on an allow of everything says of a context.
bool allows(const std::string& condition, std::map<std::string, std::vector<std::string>, std::less<>> context) {
    const auto policy = read(statement("Allow", anybody, any_action, ",\"Condition\":{" + condition + "}"));
    EXPECT_TRUE(policy) << condition << refusal(policy);
    return policy && evaluate(*policy, get("a", std::move(context))) == Verdict::allow;
}

TEST(Policy, DenyWins) {
    const auto policy = read(
        statement("Allow", anybody, R"("s3:Get*")") + "," +
        R"({"Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:s3:::covers/secret/*"})"
    );
    ASSERT_TRUE(policy) << refusal(policy);
    EXPECT_EQ(evaluate(*policy, get("a")), Verdict::allow);
    EXPECT_EQ(evaluate(*policy, get("secret/a")), Verdict::deny);
    auto put = get("a");
    put.action = "s3:PutObject";
    EXPECT_EQ(evaluate(*policy, put), Verdict::none);
    auto elsewhere = get("a");
    elsewhere.resource = "arn:aws:s3:::other/a";
    EXPECT_EQ(evaluate(*policy, elsewhere), Verdict::none);
}

TEST(Policy, Principals) {
    const auto about = [](const std::string& principal, const PolicyRequest& request) {
        const auto policy = read(statement("Allow", principal, any_action));
        EXPECT_TRUE(policy) << refusal(policy);
        return policy && evaluate(*policy, request) == Verdict::allow;
    };
    const auto ann = get("a");
    auto nobody = get("a");
    nobody.anonymous = true;
    EXPECT_TRUE(about(anybody, nobody));
    EXPECT_TRUE(about(R"({"AWS":"*"})", nobody));
    EXPECT_FALSE(about(R"({"AWS":"123456789012"})", nobody));
    EXPECT_TRUE(about(R"({"AWS":"123456789012"})", ann));
    EXPECT_TRUE(about(R"({"AWS":["arn:aws:iam::123456789012:root"]})", ann));
    EXPECT_TRUE(about(R"({"AWS":["arn:aws:iam::123456789012:user/ann"]})", ann));
    EXPECT_FALSE(about(R"({"AWS":["arn:aws:iam::123456789012:user/bob"]})", ann));
    EXPECT_TRUE(about(R"({"CanonicalUser":"c1"})", ann));
    EXPECT_FALSE(about(R"({"Service":"logging.s3.amazonaws.com"})", ann));
    EXPECT_EQ(code_of(read(statement("Allow", R"({"AWS":"ann"})", any_action))), "MalformedPolicy");
    EXPECT_EQ(code_of(read(statement("Allow", R"({"AWS":"arn:aws:iam::*:root"})", any_action))), "MalformedPolicy");
    EXPECT_EQ(code_of(read(statement("Allow", R"("ann")", any_action))), "MalformedPolicy");
    EXPECT_EQ(code_of(read(statement("Allow", "{}", any_action))), "MalformedPolicy");
}

TEST(Policy, NotActionAndNotResource) {
    const auto policy = read(
        R"({"Effect":"Allow","Principal":"*","NotAction":["s3:deleteObject","s3:Put*"],"NotResource":"arn:aws:s3:::covers/x*"})"
    );
    ASSERT_TRUE(policy) << refusal(policy);
    EXPECT_EQ(evaluate(*policy, get("a")), Verdict::allow);
    EXPECT_EQ(evaluate(*policy, get("xa")), Verdict::none);
    auto request = get("a");
    request.action = "s3:DeleteObject";
    EXPECT_EQ(evaluate(*policy, request), Verdict::none);
}

TEST(Policy, ConditionsOnText) {
    EXPECT_TRUE(allows(R"("StringEquals":{"s3:prefix":["a","b"]})", {{"s3:prefix", {"b"}}}));
    EXPECT_FALSE(allows(R"("StringEquals":{"s3:prefix":"a"})", {{"s3:prefix", {"A"}}}));
    EXPECT_TRUE(allows(R"("StringEqualsIgnoreCase":{"S3:Prefix":"a"})", {{"s3:prefix", {"A"}}}));
    EXPECT_FALSE(allows(R"("StringEquals":{"s3:prefix":"a"})", {}));
    EXPECT_TRUE(allows(R"("StringEqualsIfExists":{"s3:prefix":"a"})", {}));
    EXPECT_FALSE(allows(R"("StringEqualsIfExists":{"s3:prefix":"a"})", {{"s3:prefix", {"b"}}}));
    EXPECT_TRUE(allows(R"("StringNotEquals":{"s3:prefix":["a","b"]})", {{"s3:prefix", {"c"}}}));
    EXPECT_FALSE(allows(R"("StringNotEquals":{"s3:prefix":["a","b"]})", {{"s3:prefix", {"b"}}}));
    EXPECT_TRUE(allows(R"("StringNotEquals":{"s3:prefix":"a"})", {}));
    EXPECT_TRUE(allows(R"("StringLike":{"s3:prefix":"home/?nn/*"})", {{"s3:prefix", {"home/ann/"}}}));
    EXPECT_FALSE(allows(R"("StringNotLike":{"s3:prefix":"home/*"})", {{"s3:prefix", {"home/"}}}));
    EXPECT_TRUE(allows(R"("ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"})", {{"aws:sourcearn", {"arn:aws:s3:::b"}}}));
    // All conditions have to hold.
    EXPECT_FALSE(allows(R"("StringEquals":{"s3:prefix":"a","s3:delimiter":"/"})", {{"s3:prefix", {"a"}}}));
    EXPECT_FALSE(
        allows(R"("StringEquals":{"s3:prefix":"a"},"Bool":{"aws:SecureTransport":"true"})", {{"s3:prefix", {"a"}}})
    );
}

TEST(Policy, ConditionsOnSeveralValues) {
    const std::string tags = R"({"s3:RequestObjectTagKeys":["a","b"]})";
    const std::string key = "s3:requestobjecttagkeys";
    EXPECT_TRUE(allows("\"ForAllValues:StringEquals\":" + tags, {{key, {"a", "b"}}}));
    EXPECT_FALSE(allows("\"ForAllValues:StringEquals\":" + tags, {{key, {"a", "c"}}}));
    EXPECT_TRUE(allows("\"ForAllValues:StringEquals\":" + tags, {}));
    EXPECT_TRUE(allows("\"ForAnyValue:StringEquals\":" + tags, {{key, {"a", "c"}}}));
    EXPECT_FALSE(allows("\"ForAnyValue:StringEquals\":" + tags, {{key, {"c"}}}));
    EXPECT_FALSE(allows("\"ForAnyValue:StringEquals\":" + tags, {}));
    EXPECT_TRUE(allows("\"ForAnyValue:StringNotEquals\":" + tags, {{key, {"a", "c"}}}));
    EXPECT_FALSE(allows("\"StringNotEquals\":" + tags, {{key, {"a", "c"}}}));
}

TEST(Policy, ConditionsOnOtherTypes) {
    EXPECT_TRUE(allows(R"("Bool":{"aws:SecureTransport":false})", {{"aws:securetransport", {"false"}}}));
    EXPECT_FALSE(allows(R"("Bool":{"aws:SecureTransport":"true"})", {{"aws:securetransport", {"false"}}}));
    EXPECT_TRUE(allows(R"("Null":{"s3:x-amz-acl":"true"})", {}));
    EXPECT_FALSE(allows(R"("Null":{"s3:x-amz-acl":"true"})", {{"s3:x-amz-acl", {"private"}}}));
    EXPECT_TRUE(allows(R"("Null":{"s3:x-amz-acl":false})", {{"s3:x-amz-acl", {"private"}}}));
    EXPECT_TRUE(allows(R"("NumericLessThanEquals":{"s3:max-keys":10})", {{"s3:max-keys", {"10"}}}));
    EXPECT_FALSE(allows(R"("NumericLessThan":{"s3:max-keys":"10"})", {{"s3:max-keys", {"10"}}}));
    EXPECT_FALSE(allows(R"("NumericLessThan":{"s3:max-keys":"10"})", {{"s3:max-keys", {"few"}}}));
    EXPECT_TRUE(allows(R"("NumericGreaterThan":{"s3:max-keys":"9.5"})", {{"s3:max-keys", {"10"}}}));
    EXPECT_TRUE(allows(
        R"("DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"})", {{"aws:currenttime", {"2029-12-31T23:59:59Z"}}}
    ));
    EXPECT_FALSE(allows(R"("DateGreaterThan":{"aws:EpochTime":"1893456000"})", {{"aws:epochtime", {"1893456000"}}}));
    EXPECT_TRUE(allows(R"("DateGreaterThanEquals":{"aws:EpochTime":"1893456000"})", {{"aws:epochtime", {"1893456000"}}})
    );
}

TEST(Policy, ConditionsOnAddresses) {
    const std::string block = R"("IpAddress":{"aws:SourceIp":["192.0.2.0/25","2001:db8::/32"]})";
    EXPECT_TRUE(allows(block, {{"aws:sourceip", {"192.0.2.127"}}}));
    EXPECT_FALSE(allows(block, {{"aws:sourceip", {"192.0.2.128"}}}));
    EXPECT_TRUE(allows(block, {{"aws:sourceip", {"::ffff:192.0.2.1"}}}));
    EXPECT_TRUE(allows(block, {{"aws:sourceip", {"2001:db8:1::1"}}}));
    EXPECT_FALSE(allows(block, {{"aws:sourceip", {"2001:db9::1"}}}));
    EXPECT_FALSE(allows(block, {{"aws:sourceip", {"somewhere"}}}));
    EXPECT_FALSE(allows(R"("NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"})", {{"aws:sourceip", {"10.1.1.1"}}}));
    EXPECT_TRUE(allows(R"("IpAddress":{"aws:SourceIp":"0.0.0.0/0"})", {{"aws:sourceip", {"203.0.113.9"}}}));
    EXPECT_FALSE(parse_ip_block("1.2.3"));
    EXPECT_FALSE(parse_ip_block("1.2.3.4/33"));
    EXPECT_FALSE(parse_ip_block("1.2.3.4/"));
    EXPECT_FALSE(parse_ip_block("::1/129"));
}

TEST(Policy, Refused) {
    const auto refused = [](const Result<Policy>& result, const std::string& message) {
        EXPECT_EQ(refusal(result), "MalformedPolicy: " + message);
    };
    const auto whole = [](const std::string& text) { return parse_policy(text, "covers"); };
    refused(whole("["), "Policies must be valid JSON and the first byte must be '{'");
    refused(whole("[]"), "Policies must be valid JSON and the first byte must be '{'");
    refused(whole("{}"), "Missing required field Statement");
    refused(whole(R"({"Statement":[]})"), "Could not parse the policy: Statement is empty!");
    refused(whole(R"({"Version":"2024-01-01","Statement":[]})"), "The policy must contain a valid version string");
    refused(whole(R"({"Statement":[],"Statement":[]})"), "Policy has a key more than once in an object");
    refused(whole(R"({"Statement":[],"State":[]})"), "Unknown field State");
    refused(
        read(statement(
            "Deny", anybody, any_action, R"(,"Condition":{"Bool":{"aws:SecureTransport":"false"},"B\u006fol":{}})"
        )),
        "Policy has a key more than once in an object"
    );
    refused(
        read(R"({"Effect":"Deny","NotPrincipal":"*","Action":"*","Resource":"arn:aws:s3:::covers"})"),
        "NotPrincipal is not supported; deny by a condition on aws:PrincipalArn instead"
    );
    refused(read(statement("Maybe", anybody, any_action)), "Invalid effect");
    refused(read(statement("Allow", anybody, R"("ec2:*")")), "Policy has invalid action");
    refused(read(statement("Allow", anybody, "[]")), "Action must be a string or a list of strings");
    refused(read(statement("Allow", anybody, any_action, R"(,"Conditions":{})")), "Unknown field Conditions");
    refused(
        read(R"({"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::other/*"})"),
        "Policy has invalid resource"
    );
    refused(
        read(R"({"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::covers/${aws:username}/*"})"
        ),
        "Policy variables are not supported"
    );
    refused(
        read(R"({"Effect":"Allow","Principal":"*","Resource":"arn:aws:s3:::covers"})"), "Missing required field Action"
    );
    refused(
        read(R"({"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::covers"})"),
        "Missing required field Principal"
    );
    const auto condition = [](const std::string& inside) {
        return read(statement("Allow", anybody, any_action, ",\"Condition\":{" + inside + "}"));
    };
    refused(condition(R"("StringSimilar":{"s3:prefix":"a"})"), "Invalid Condition type : StringSimilar");
    refused(condition(R"("NullIfExists":{"s3:prefix":"true"})"), "Invalid Condition type : NullIfExists");
    refused(condition(R"("IpAddress":{"aws:SourceIp":"10.0.0.0/99"})"), "Invalid value 10.0.0.0/99 of IpAddress");
    refused(condition(R"("NumericEquals":{"s3:max-keys":"ten"})"), "Invalid value ten of NumericEquals");
    refused(condition(R"("StringEquals":{"prefix":"a"})"), "Policy has an invalid condition key: prefix");
    refused(
        whole(std::string(policy_bytes_max + 1, ' ')), "Normalized policy document exceeds the maximum allowed size"
    );
}

TEST(Policy, Public) {
    const auto with = [](const std::string& condition) {
        const auto policy = read(statement("Allow", anybody, any_action, ",\"Condition\":{" + condition + "}"));
        EXPECT_TRUE(policy) << refusal(policy);
        return policy && is_public(*policy);
    };
    EXPECT_TRUE(is_public(*read(statement("Allow", anybody, any_action))));
    EXPECT_FALSE(is_public(*read(statement("Deny", anybody, any_action))));
    EXPECT_FALSE(is_public(*read(statement("Allow", R"({"AWS":"123456789012"})", any_action))));
    EXPECT_FALSE(with(R"("StringEquals":{"aws:PrincipalOrgID":"o-1"})"));
    EXPECT_TRUE(with(R"("StringLike":{"aws:PrincipalOrgID":"o-*"})"));
    EXPECT_TRUE(with(R"("StringNotEquals":{"aws:PrincipalOrgID":"o-1"})"));
    EXPECT_TRUE(with(R"("StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"})"));
    EXPECT_TRUE(with(R"("StringEquals":{"s3:prefix":"a"})"));
    EXPECT_FALSE(with(R"("IpAddress":{"aws:SourceIp":"192.0.2.0/24"})"));
    EXPECT_TRUE(with(R"("IpAddress":{"aws:SourceIp":["192.0.2.0/24","0.0.0.0/1"]})"));
}

}  // namespace
}  // namespace cloudshelf::s3
