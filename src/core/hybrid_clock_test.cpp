// Goal: stamps only grow at their site, are later than all that was seen there, and compare as bytes as they do as
// numbers, whatever the wall clock does.
#include "core/hybrid_clock.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace cloudshelf::core {
namespace {

TEST(HybridClock, FollowsTheWallClock) {
    HybridClock clock({.site = 3});
    EXPECT_EQ(clock.tick(1000), (HybridStamp{.wall_ms = 1000, .counter = 0, .site = 3}));
    EXPECT_EQ(clock.tick(1000), (HybridStamp{.wall_ms = 1000, .counter = 1, .site = 3}));
    EXPECT_EQ(clock.tick(1001), (HybridStamp{.wall_ms = 1001, .counter = 0, .site = 3}));
    EXPECT_EQ(clock.tick(400), (HybridStamp{.wall_ms = 1001, .counter = 1, .site = 3})) << "the wall clock went back";
}

TEST(HybridClock, IsLaterThanWhatItReceived) {
    HybridClock clock({.site = 1});
    ASSERT_TRUE(clock.receive({.wall_ms = 5000, .counter = 9, .site = 2}, 1000));
    EXPECT_EQ(clock.tick(1000), (HybridStamp{.wall_ms = 5000, .counter = 10, .site = 1}));
    ASSERT_TRUE(clock.receive({.wall_ms = 4000, .counter = 99, .site = 2}, 1000));
    EXPECT_EQ(clock.latest().counter, 10u) << "an older one changes nothing";
}

TEST(HybridClock, RefusesTheFuture) {
    HybridClock clock({.site = 1, .skew_max = std::chrono::seconds(60)});
    EXPECT_TRUE(clock.receive({.wall_ms = 61'000, .site = 2}, 1000));
    const auto ahead = clock.receive({.wall_ms = 61'001, .site = 2}, 1000);
    ASSERT_FALSE(ahead);
    EXPECT_EQ(ahead.error().code, "clock.ahead");
    EXPECT_EQ(clock.latest().wall_ms, 61'000);
    EXPECT_FALSE(clock.receive({.wall_ms = std::numeric_limits<std::int64_t>::max(), .site = 2}, 0));
}

TEST(HybridClock, CounterCarriesOver) {
    HybridClock clock({.site = 1});
    clock.resume({.wall_ms = 10, .counter = std::numeric_limits<std::uint32_t>::max(), .site = 2});
    EXPECT_EQ(clock.tick(5), (HybridStamp{.wall_ms = 11, .counter = 0, .site = 1}));
}

// Goal: happened-before holds in any run of three sites with clocks that jump and messages that are late.
TEST(HybridClock, KeepsCausality) {
    const std::uint64_t seed = 20261123;
    Random random(seed);
    std::vector<HybridClock> clocks;
    for (std::uint16_t site = 0; site < 3; ++site) clocks.emplace_back(HybridClock::Options{.site = site});
    std::vector<HybridStamp> last(3);
    std::vector<HybridStamp> sent;
    for (int i = 0; i < 20'000; ++i) {
        const auto site = random.below(3);
        const auto wall_ms = static_cast<std::int64_t>(100'000 + i / 50 + random.below(20'000));
        HybridStamp seen = last[site];
        if (!sent.empty() && random.below(2) == 0) {
            const HybridStamp& message = sent[random.below(sent.size())];
            ASSERT_TRUE(clocks[site].receive(message, wall_ms)) << "seed " << seed;
            seen = std::max(seen, message);
        }
        last[site] = clocks[site].tick(wall_ms);
        ASSERT_GT(last[site], seen) << "seed " << seed;
        sent.push_back(last[site]);
    }
    std::ranges::sort(sent);
    EXPECT_EQ(std::ranges::adjacent_find(sent), sent.end()) << "no two are equal";
}

TEST(HybridStamp, BytesCompareAsStampsDo) {
    Random random(7);
    const auto draw = [&random] {
        return HybridStamp{
            .wall_ms = static_cast<std::int64_t>(random.next() >> (1 + random.below(62))),
            .counter = static_cast<std::uint32_t>(random.next() >> random.below(64)),
            .site = static_cast<std::uint16_t>(random.below(3))
        };
    };
    for (int i = 0; i < 10'000; ++i) {
        const HybridStamp left = draw();
        HybridStamp right = draw();
        if (random.below(2) == 0) right.wall_ms = left.wall_ms;
        EXPECT_EQ(left < right, left.encode() < right.encode());
        EXPECT_EQ(HybridStamp::decode(left.encode()).value(), left);
    }
    EXPECT_FALSE(HybridStamp::decode("short"));
    EXPECT_FALSE(HybridStamp::decode(std::string(14, '\xff'))) << "before 1970";
}

}  // namespace
}  // namespace cloudshelf::core
