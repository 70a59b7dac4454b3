#include "wire/s3/tag_header.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

std::string code(std::string_view header) {
    const auto read = parse_tag_header(header);
    return read ? "good" : read.error().code;
}

TEST(TagHeader, Forms) {
    EXPECT_EQ(parse_tag_header("").value(), TagPairs{});
    EXPECT_EQ(parse_tag_header("a=b&c=d").value(), (TagPairs{{"a", "b"}, {"c", "d"}}));
    EXPECT_EQ(parse_tag_header("a&b=&c=d=e&").value(), (TagPairs{{"a", ""}, {"b", ""}, {"c", "d=e"}}));
    EXPECT_EQ(parse_tag_header("a+b=c%20d%2B%26").error().code, "InvalidTag");  // & is no tag's character
    EXPECT_EQ(parse_tag_header("a+b=c%20d%2B%C3%A4").value(), (TagPairs{{"a b", "c d+\xc3\xa4"}}));
}

TEST(TagHeader, Limits) {
    std::string ten;
    for (int i = 0; i < 10; ++i) ten += (i > 0 ? "&k" : "k") + std::to_string(i) + "=v";
    EXPECT_EQ(code(ten), "good");
    EXPECT_EQ(code(ten + "&x=y"), "BadRequest");
    EXPECT_EQ(code(std::string(128, 'k') + "=v"), "good");
    EXPECT_EQ(code(std::string(129, 'k') + "=v"), "InvalidTag");
    EXPECT_EQ(code("k=" + std::string(256, 'v')), "good");
    EXPECT_EQ(code("k=" + std::string(257, 'v')), "InvalidTag");
    std::string umlauts;
    for (int i = 0; i < 128; ++i) umlauts += "%C3%A4";
    EXPECT_EQ(code(umlauts + "=v"), "good");  // counted in characters
    EXPECT_EQ(code(umlauts + "%C3%A4=v"), "InvalidTag");
}

TEST(TagHeader, RefusesWhatIsNone) {
    EXPECT_EQ(code("=v"), "InvalidTag");
    EXPECT_EQ(code("aws:x=v"), "InvalidTag");
    EXPECT_EQ(code("AWS:x=v"), "InvalidTag");
    EXPECT_EQ(code("a=%FF"), "InvalidTag");
    EXPECT_EQ(code("a%0A=b"), "InvalidTag");
    EXPECT_EQ(code("a=b<"), "InvalidTag");
    EXPECT_EQ(code("a=b&a=c"), "InvalidArgument");
    EXPECT_EQ(code("a=b&%61=c"), "InvalidArgument");
    EXPECT_EQ(code("a=%2"), "InvalidArgument");
}

TEST(TagHeader, ThereAndBack) {
    const TagPairs tags{{"a b", "c+d=e/f@g:h"}, {"\xc3\xa4", ""}};
    EXPECT_EQ(tag_header(tags), "a%20b=c%2Bd%3De%2Ff%40g%3Ah&%C3%A4=");
    EXPECT_EQ(parse_tag_header(tag_header(tags)).value(), tags);
}

}  // namespace
}  // namespace cloudshelf::s3
