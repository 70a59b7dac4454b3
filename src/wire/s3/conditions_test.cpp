#include "wire/s3/conditions.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::s3 {
namespace {

using namespace std::chrono_literals;
using Pairs = std::vector<std::pair<std::string, std::string>>;
using enum Precondition;

constexpr std::string_view etag = "\"abc\"";
constexpr Seconds modified = std::chrono::sys_days(1994y / 11 / 6) + 8h + 49min + 37s;
const std::string before = "Sun, 06 Nov 1994 08:49:36 GMT";
const std::string then = "Sun, 06 Nov 1994 08:49:37 GMT";

Precondition read(const Pairs& headers) {
    return check_read(request_conditions(headers), etag, modified);
}

std::string written(const Pairs& headers, std::optional<std::string_view> existing) {
    const auto checked = check_write(request_conditions(headers), existing);
    return checked ? "written" : checked.error().code;
}

TEST(Conditions, OneAtATime) {
    EXPECT_EQ(read({}), proceed);
    EXPECT_EQ(read({{"If-Match", "\"abc\""}}), proceed);
    EXPECT_EQ(read({{"If-Match", "\"abd\""}}), failed);
    EXPECT_EQ(read({{"If-None-Match", "\"abc\""}}), not_modified);
    EXPECT_EQ(read({{"If-None-Match", "\"abd\""}}), proceed);
    EXPECT_EQ(read({{"If-Modified-Since", before}}), proceed);
    EXPECT_EQ(read({{"If-Modified-Since", then}}), not_modified);
    EXPECT_EQ(read({{"If-Unmodified-Since", before}}), failed);
    EXPECT_EQ(read({{"If-Unmodified-Since", then}}), proceed);
    EXPECT_EQ(read({{"If-Modified-Since", "yesterday"}}), proceed);
    EXPECT_EQ(read({{"If-Unmodified-Since", "yesterday"}}), proceed);
}

TEST(Conditions, FormsOfTags) {
    EXPECT_EQ(read({{"If-Match", "*"}}), proceed);
    EXPECT_EQ(read({{"If-None-Match", "*"}}), not_modified);
    EXPECT_EQ(read({{"If-Match", "abc"}}), proceed);
    EXPECT_EQ(read({{"If-Match", "\"x\", \"abc\""}}), proceed);
    EXPECT_EQ(read({{"If-Match", "x ,abc,"}}), proceed);
    EXPECT_EQ(read({{"If-Match", "\"x,abc\""}}), failed);  // one tag with a comma
    EXPECT_EQ(read({{"If-Match", "\"abc"}}), failed);
    EXPECT_EQ(read({{"If-Match", ""}}), failed);
    EXPECT_EQ(read({{"If-Match", ",,"}}), failed);
    EXPECT_EQ(read({{"If-Match", "W/\"abc\""}}), failed);
    EXPECT_EQ(read({{"If-None-Match", "W/\"x\", W/\"abc\""}}), not_modified);
    EXPECT_EQ(read({{"If-Match", "\"ABC\""}}), failed);
}

// Goal: RFC 9110 §13.2.2 and the two combinations that S3's GetObject page describes. Method: a table of pairs.
TEST(Conditions, Precedence) {
    EXPECT_EQ(read({{"If-Match", "abc"}, {"If-Unmodified-Since", before}}), proceed);
    EXPECT_EQ(read({{"If-Match", "x"}, {"If-Unmodified-Since", then}}), failed);
    EXPECT_EQ(read({{"If-None-Match", "abc"}, {"If-Modified-Since", before}}), not_modified);
    EXPECT_EQ(read({{"If-None-Match", "x"}, {"If-Modified-Since", then}}), proceed);
    EXPECT_EQ(read({{"If-Match", "x"}, {"If-None-Match", "abc"}}), failed);
    EXPECT_EQ(read({{"If-Match", "abc"}, {"If-None-Match", "abc"}}), not_modified);
    EXPECT_EQ(read({{"If-Unmodified-Since", before}, {"If-None-Match", "abc"}}), failed);
    EXPECT_EQ(read({{"If-Unmodified-Since", then}, {"If-Modified-Since", then}}), not_modified);
}

TEST(Conditions, OfACopysSource) {
    const auto copied = [](const Pairs& headers) {
        const auto checked = check_copy_source(copy_source_conditions(headers), etag, modified);
        return checked ? "copied" : checked.error().code;
    };
    EXPECT_EQ(copied({{"x-amz-copy-source-if-match", "abc"}}), "copied");
    EXPECT_EQ(copied({{"x-amz-copy-source-if-none-match", "abc"}}), "PreconditionFailed");
    EXPECT_EQ(copied({{"x-amz-copy-source-if-modified-since", then}}), "PreconditionFailed");
    EXPECT_EQ(copied({{"x-amz-copy-source-if-unmodified-since", before}}), "PreconditionFailed");
    EXPECT_EQ(copied({{"If-None-Match", "abc"}}), "copied");  // the target's business
}

TEST(Conditions, OfWrites) {
    EXPECT_EQ(written({}, etag), "written");
    EXPECT_EQ(written({{"If-None-Match", "*"}}, std::nullopt), "written");
    EXPECT_EQ(written({{"If-None-Match", "*"}}, etag), "PreconditionFailed");
    EXPECT_EQ(written({{"If-None-Match", "\"abc\""}}, std::nullopt), "NotImplemented");
    EXPECT_EQ(written({{"If-Match", "\"abc\""}}, etag), "written");
    EXPECT_EQ(written({{"If-Match", "\"abd\""}}, etag), "PreconditionFailed");
    EXPECT_EQ(written({{"If-Match", "\"abc\""}}, std::nullopt), "NoSuchKey");
    EXPECT_EQ(written({{"If-Match", "*"}}, etag), "written");
    EXPECT_EQ(written({{"If-Match", "*"}}, std::nullopt), "NoSuchKey");
    EXPECT_EQ(written({{"If-Match", "*"}, {"If-None-Match", "*"}}, etag), "NotImplemented");
    EXPECT_EQ(written({{"If-Unmodified-Since", then}}, etag), "NotImplemented");
}

TEST(Conditions, OfRanges) {
    EXPECT_TRUE(range_applies(std::nullopt, etag, modified));
    EXPECT_TRUE(range_applies("\"abc\"", etag, modified));
    EXPECT_TRUE(range_applies(then, etag, modified));
    EXPECT_FALSE(range_applies(before, etag, modified));
    EXPECT_FALSE(range_applies("\"abd\"", etag, modified));
    EXPECT_FALSE(range_applies("W/\"abc\"", etag, modified));
    EXPECT_FALSE(range_applies("*", etag, modified));
}

}  // namespace
}  // namespace cloudshelf::s3
