#include "core/tombstone_horizon.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

// Goal: what the region wrote before it had our deletions has arrived before they are settled.
TEST(TombstoneHorizon, SettlesWhatWasConfirmedBeforeTheQuestion) {
    TombstoneHorizon horizon;
    EXPECT_EQ(horizon.settled(), 0u);
    horizon.answered(7, 100, 90);  // ten of its entries are still to come
    EXPECT_EQ(horizon.settled(), 0u);
    horizon.answered(9, 120, 99);
    EXPECT_EQ(horizon.settled(), 0u);
    horizon.answered(9, 120, 100);
    EXPECT_EQ(horizon.settled(), 7u);
    horizon.answered(9, 120, 120);
    EXPECT_EQ(horizon.settled(), 9u);
}

TEST(TombstoneHorizon, NeverGoesBack) {
    TombstoneHorizon horizon;
    horizon.answered(9, 5, 5);
    horizon.answered(3, 5, 5);  // it was put back to an earlier state
    EXPECT_EQ(horizon.settled(), 9u);
}

TombstoneScene scene() {
    return {.here = 1, .replicas = {{.site = 2, .settled = 50}}, .now_ms = 10'000, .keep_ms = 1000};
}
HybridStamp by(std::uint16_t site, std::int64_t wall_ms = 5000) {
    return {.wall_ms = wall_ms, .site = site};
}

TEST(Tombstone, GoesWhenEveryReplicaHasSettledIt) {
    EXPECT_TRUE(may_go(scene(), by(1), 50));
    EXPECT_FALSE(may_go(scene(), by(1), 51));
    auto three = scene();
    three.replicas.push_back({.site = 3, .settled = 49});
    EXPECT_FALSE(may_go(three, by(1), 50));
    EXPECT_TRUE(may_go(three, by(1), 49));
}

TEST(Tombstone, StaysForAWhile) {
    EXPECT_FALSE(may_go(scene(), by(1, 9001), 50));
    EXPECT_TRUE(may_go(scene(), by(1, 9000), 50));
}

TEST(Tombstone, OfAnotherRegionGoesWhereNobodyElseWrites) {
    EXPECT_TRUE(may_go(scene(), by(2), 1000));
    EXPECT_FALSE(may_go(scene(), by(3), 1));  // whoever made it is no replica any more
    auto three = scene();
    three.replicas.push_back({.site = 3, .settled = 1000});
    EXPECT_FALSE(may_go(three, by(2), 1));
}

TEST(Tombstone, OfATableWithoutReplicasGoes) {
    auto alone = scene();
    alone.replicas.clear();
    EXPECT_TRUE(may_go(alone, by(1, 10'000), 1'000'000));
}

}  // namespace
}  // namespace cloudshelf::core
