#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/random.hpp"

#include <gtest/gtest.h>

namespace cloudshelf {
namespace {

// Goal: the digests are the standard's own. Method: FIPS 180-4's example and RFC 4231, test case 2.
TEST(Digest, KnownAnswers) {
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(
        hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

TEST(Digest, ComparesWholeStrings) {
    EXPECT_TRUE(equal_in_constant_time("token", "token"));
    EXPECT_FALSE(equal_in_constant_time("token", "tokem"));
    EXPECT_FALSE(equal_in_constant_time("token", "toke"));
}

// Goal: the standard's own examples, both ways, and nothing but them. Method: RFC 4648 §10.
TEST(Base64, KnownAnswers) {
    const std::pair<const char*, const char*> examples[] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}
    };
    for (const auto& [bytes, text] : examples) {
        EXPECT_EQ(base64(bytes), text);
        EXPECT_EQ(from_base64(text), bytes);
    }
    std::string every;
    for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
    EXPECT_EQ(from_base64(base64(every)), every);
    for (const char* bad : {"Z", "Zg", "Zg=", "Zh==", "Z===", "====", "Zm8 ", " Zm8", "Zm9v\n", "Zg==Zg==", "Zm-_"})
        EXPECT_FALSE(from_base64(bad)) << bad;
}

// Goal: a seed means the same for ever. Method: splitmix64's published first outputs for seed 0.
TEST(Random, MeansTheSameEverywhere) {
    Random random(0);
    EXPECT_EQ(random.next(), 0xe220a8397b1dcdafULL);
    EXPECT_EQ(random.next(), 0x6e789e6aa1b965f4ULL);
}

TEST(Random, StaysBelowItsBound) {
    Random random(1);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_LT(random.below(7), 7u);
        EXPECT_LT(random.unit(), 1.0);
    }
}

}  // namespace
}  // namespace cloudshelf
