#include "wire/s3/range.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

/// "offset+length", "whole", or the error's code.
std::string range(std::string_view header, std::uint64_t size) {
    const auto read = parse_range(header, size);
    if (!read) return read.error().code;
    if (!*read) return "whole";
    return std::to_string((*read)->offset) + "+" + std::to_string((*read)->length);
}

std::string copied(std::string_view header, std::uint64_t size) {
    const auto read = parse_copy_source_range(header, size);
    return read ? std::to_string(read->offset) + "+" + std::to_string(read->length) : read.error().code;
}

TEST(Range, WithinTheObject) {
    EXPECT_EQ(range("bytes=0-4", 10), "0+5");
    EXPECT_EQ(range("bytes=9-9", 10), "9+1");
    EXPECT_EQ(range("bytes=4-", 10), "4+6");
    EXPECT_EQ(range("bytes=4-1000", 10), "4+6");
    EXPECT_EQ(range("bytes=4-99999999999999999999999", 10), "4+6");
    EXPECT_EQ(range("bytes=-3", 10), "7+3");
    EXPECT_EQ(range("bytes=-99999999999999999999999", 10), "0+10");
    EXPECT_EQ(range(" Bytes=0-0 ", 10), "0+1");
    EXPECT_EQ(range("bytes=0-18446744073709551615", UINT64_MAX), "0+18446744073709551615");
    EXPECT_EQ((ByteRange{.offset = 7, .length = 3}).content_range(10), "bytes 7-9/10");
    EXPECT_EQ(unsatisfied_range(10), "bytes */10");
}

TEST(Range, BehindTheEnd) {
    EXPECT_EQ(range("bytes=10-", 10), "InvalidRange");
    EXPECT_EQ(range("bytes=10-20", 10), "InvalidRange");
    EXPECT_EQ(range("bytes=99999999999999999999999-", 10), "InvalidRange");
    EXPECT_EQ(range("bytes=-0", 10), "InvalidRange");
    EXPECT_EQ(range("bytes=0-", 0), "InvalidRange");
    EXPECT_EQ(range("bytes=-1", 0), "InvalidRange");
}

TEST(Range, WhatIsNoneGivesTheWholeObject) {
    for (const std::string_view header :
         {"",
          "bytes",
          "bytes=",
          "bytes=-",
          "bytes=5",
          "bytes=5-2",
          "bytes=a-b",
          "bytes=0-1,3-4",
          "bytes=0-1,",
          "lines=0-1",
          "bytes=+1-2",
          "bytes=1--2",
          "bytes= 1-2",
          "bytes=1-2 3",
          "bytes=--1"}) {
        EXPECT_EQ(range(header, 10), "whole") << header;
    }
}

TEST(Range, OfACopyIsStrict) {
    EXPECT_EQ(copied("bytes=0-9", 10), "0+10");
    EXPECT_EQ(copied("bytes=3-3", 10), "3+1");
    for (const std::string_view header :
         {"",
          "bytes=",
          "bytes=0-",
          "bytes=-5",
          "bytes=5-4",
          "bytes=0-10",
          "bytes=10-10",
          "0-5",
          "bytes=0-1,3-4",
          "Bytes=0-1",
          "bytes=0-99999999999999999999999"}) {
        EXPECT_EQ(copied(header, 10), "InvalidArgument") << header;
    }
    EXPECT_EQ(copied("bytes=0-0", 0), "InvalidArgument");
}

}  // namespace
}  // namespace cloudshelf::s3
