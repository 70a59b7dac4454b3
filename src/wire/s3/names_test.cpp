#include "wire/s3/names.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::s3 {
namespace {

TEST(Names, OfBuckets) {
    for (const std::string& name :
         {std::string("abc"),
          std::string("cloudshelf-covers"),
          std::string("my.example.s3.bucket"),
          std::string("123"),
          std::string("1.2.3"),
          std::string("1.2.3.x"),
          std::string("a--b"),
          std::string("192.168.5.4.x"),
          std::string("sthree"),
          std::string("xn-x"),
          std::string("s3alias"),
          std::string(63, 'a')}) {
        EXPECT_TRUE(check_bucket_name(name)) << name;
    }
    for (const std::string& name :
         {std::string(),
          std::string("ab"),
          std::string(64, 'a'),
          std::string("Abc"),
          std::string("a_b"),
          std::string("-abc"),
          std::string("abc-"),
          std::string(".abc"),
          std::string("abc."),
          std::string("a..b"),
          std::string("a-.b"),
          std::string("a.-b"),
          std::string("192.168.5.4"),
          std::string("999.999.999.999"),
          std::string("xn--abc"),
          std::string("sthree-abc"),
          std::string("sthree-configurator"),
          std::string("amzn-s3-demo-bucket"),
          std::string("abc-s3alias"),
          std::string("abc--ol-s3"),
          std::string("abc.mrap"),
          std::string("abc--x-s3"),
          std::string("abc--table-s3"),
          std::string("a/b"),
          std::string("a b"),
          std::string("ab\xc3\xa4"),
          std::string("ab\0c", 4),
          std::string("...")}) {
        const auto checked = check_bucket_name(name);
        ASSERT_FALSE(checked) << name;
        EXPECT_EQ(checked.error().code, "InvalidBucketName");
    }
}

TEST(Names, OfKeys) {
    using namespace std::string_literals;
    for (const std::string& key :
         {"a"s,
          "../../etc/passwd"s,
          "/"s,
          "//"s,
          "."s,
          "a//b"s,
          " "s,
          "\xc3\xa4\xf0\x9f\x93\x9a"s,
          "a\0b"s,
          "\n"s,
          std::string(1024, 'k')}) {
        EXPECT_TRUE(check_key(key)) << key;
    }
    EXPECT_EQ(check_key(std::string(1025, 'k')).error().code, "KeyTooLongError");
    EXPECT_EQ(check_key("").error().code, "InvalidURI");
    // Not UTF-8: alone, cut short, overlong, a surrogate, beyond U+10FFFF.
    for (const std::string& key :
         {"\xff"s, "a\xc3"s, "\xc0\xaf"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s, "\xe0\x80\x80"s}) {
        EXPECT_EQ(check_key(key).error().code, "InvalidURI");
    }
}

}  // namespace
}  // namespace cloudshelf::s3
