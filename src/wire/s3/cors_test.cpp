#include "wire/s3/cors.hpp"

#include "wire/s3/support_test.hpp"
#include "wire/s3/wildcard.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

std::string document(const std::string& rules) {
    return "<CORSConfiguration>" + rules + "</CORSConfiguration>";
}

const std::string get = "<AllowedMethod>GET</AllowedMethod>";
const std::string anybody = "<AllowedOrigin>*</AllowedOrigin>";

Result<CorsConfiguration> read(const std::string& rule) {
    return parse_cors_configuration(document("<CORSRule>" + rule + "</CORSRule>"));
}

TEST(Wildcard, Matches) {
    EXPECT_TRUE(matches_wildcard("", ""));
    EXPECT_TRUE(matches_wildcard("*", ""));
    EXPECT_TRUE(matches_wildcard("a*c", "abbc"));
    EXPECT_TRUE(matches_wildcard("*ab*ab*", "xaabyab"));
    EXPECT_FALSE(matches_wildcard("a*c", "abcd"));
    EXPECT_FALSE(matches_wildcard("", "a"));
    EXPECT_FALSE(matches_wildcard("a?c", "abc"));
    EXPECT_TRUE(matches_wildcard("a?c", "a?c"));
    EXPECT_TRUE(matches_wildcard("a?c*", "abcd", QuestionMark::one));
    EXPECT_FALSE(matches_wildcard("a?", "a", QuestionMark::one));
    // A pattern on which a naive search takes for ever.
    EXPECT_FALSE(matches_wildcard("*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST(Cors, BothWays) {
    const auto configuration = twice(
        parse_cors_configuration,
        document(
            "<CORSRule><ID>one</ID><AllowedOrigin>https://*.cloudshelf.com</AllowedOrigin>" + get +
            "<AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>"
            "<MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule><CORSRule>" +
            anybody + get + "</CORSRule>"
        )
    );
    ASSERT_EQ(configuration.rules.size(), 2u);
    EXPECT_EQ(configuration.rules[0].max_age_seconds, 3000);
}

TEST(Cors, RefusesControlCharacters) {
    for (const std::string control : {"&#13;", "&#10;", "&#0;", "&#1;", "&#31;", "&#127;", "\x7f"}) {
        const std::string evil = "a" + control + "b";
        EXPECT_EQ(code_of(read(get + "<AllowedOrigin>" + evil + "</AllowedOrigin>")), "MalformedXML") << control;
        for (const std::string name : {"AllowedHeader", "ExposeHeader", "ID"}) {
            const std::string element = "<" + name + ">" + evil + "</" + name + ">";
            EXPECT_EQ(code_of(read(get + anybody + element)), "MalformedXML") << name << control;
        }
    }
    EXPECT_TRUE(read(get + anybody + "<MaxAgeSeconds>\n 5 \n</MaxAgeSeconds>"));
}

TEST(Cors, Refused) {
    EXPECT_EQ(
        refusal(read(anybody + "<AllowedMethod>PATCH</AllowedMethod>")),
        "InvalidRequest: Found unsupported HTTP method in CORS config. Unsupported method is PATCH"
    );
    EXPECT_EQ(code_of(read(get + "<AllowedOrigin>http://*.a.*</AllowedOrigin>")), "InvalidRequest");
    EXPECT_EQ(code_of(read(get + anybody + "<AllowedHeader>*-*</AllowedHeader>")), "InvalidRequest");
    EXPECT_EQ(code_of(read(get + anybody + "<ExposeHeader>x-*</ExposeHeader>")), "InvalidRequest");
    EXPECT_EQ(code_of(read(get)), "MalformedXML");
    EXPECT_EQ(code_of(read(anybody)), "MalformedXML");
    EXPECT_EQ(code_of(parse_cors_configuration(document(""))), "MalformedXML");
    std::string many;
    for (int i = 0; i < 100; ++i) many += "<CORSRule>" + anybody + get + "</CORSRule>";
    EXPECT_EQ(code_of(parse_cors_configuration(document(many))), "");
    EXPECT_EQ(
        code_of(parse_cors_configuration(document(many + "<CORSRule>" + anybody + get + "</CORSRule>"))), "MalformedXML"
    );
}

TEST(Cors, Match) {
    const CorsConfiguration configuration{
        .rules =
            {{.origins = {"https://*.cloudshelf.com"},
              .methods = {"GET", "PUT"},
              .headers = {"X-Amz-*", "content-type"},
              .expose = {"ETag", "x-amz-version-id"},
              .max_age_seconds = 60},
             {.origins = {"*"}, .methods = {"GET"}}},
    };
    const std::vector<std::string> headers{"x-amz-Date", "Content-Type"};
    EXPECT_EQ(
        match(configuration, "https://shop.cloudshelf.com", "PUT", headers),
        (CorsAnswer{
            .allow_origin = "https://shop.cloudshelf.com",
            .allow_methods = "GET, PUT",
            .allow_headers = "x-amz-date, content-type",
            .expose_headers = "ETag, x-amz-version-id",
            .max_age_seconds = 60,
            .allow_credentials = true,
        })
    );
    EXPECT_EQ(
        match(configuration, "https://other.com", "GET"), (CorsAnswer{.allow_origin = "*", .allow_methods = "GET"})
    );
    EXPECT_EQ(match(configuration, "https://other.com", "PUT"), std::nullopt);
    EXPECT_EQ(match(configuration, "https://other.com", "GET", headers), std::nullopt);
    const std::vector<std::string> unknown{"x-other"};
    EXPECT_EQ(match(configuration, "https://shop.cloudshelf.com", "PUT", unknown), std::nullopt);
    EXPECT_EQ(match(configuration, "https://shop.cloudshelf.com.evil.com", "PUT"), std::nullopt);
}

}  // namespace
}  // namespace cloudshelf::s3
