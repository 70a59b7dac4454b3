// Goal: what clients send and get as gzip, and that a small body cannot become a large one.
#include "region/tables/compression.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cloudshelf::tables {
namespace {

TEST(Compression, GivesBackWhatItTook) {
    for (const std::size_t size : {0, 1, 5000, 300'000}) {
        std::string text;
        for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * 7919);
        const auto back = gunzip(gzip(text), text.size());
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(*back, text);
    }
}

TEST(Compression, MembersFollowEachOther) {
    EXPECT_EQ(gunzip(gzip("one ") + gzip("two"), 100).value(), "one two");
}

TEST(Compression, RefusesBombs) {
    const auto bomb = gzip(std::string(10'000'000, 'a'));
    ASSERT_LT(bomb.size(), 100'000u);
    const auto refused = gunzip(bomb, 9'999'999);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "tables.too-large");
    EXPECT_TRUE(gunzip(bomb, 10'000'000));
}

TEST(Compression, RefusesWhatIsNotGzip) {
    const auto packed = gzip("some text that is long enough");
    for (const std::string& bad : {std::string("no gzip"), packed.substr(0, packed.size() - 5), std::string()}) {
        const auto refused = gunzip(bad, 1000);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, "tables.bad-gzip");
    }
}

// Known value: "123456789" has CBF43926 (the check value of this checksum).
TEST(Compression, Checksum) {
    EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
}

}  // namespace
}  // namespace cloudshelf::tables
