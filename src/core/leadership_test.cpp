#include "core/leadership.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

const RegionName east("us-east-1");
const RegionName west("us-west-2");
const RegionName witness("us-east-2");
constexpr LeaseTerms terms{.duration = 2s, .beat = 200ms};

TimePoint at(Duration since_start) {
    return TimePoint{} + 1h + since_start;
}

Candidate candidate(const RegionName& site) {
    return {.site = site, .regions = {east, west}, .writers = {east}};
}

LeaseTaker seen(const RegionName& leader, bool released = false) {
    LeaseTaker lease(terms);
    lease.saw(7, {.region = leader, .epoch = Epoch(3), .released = released}, at(0s));
    return lease;
}

// Goal: a leader's lease is waited out in full, and the fittest site that lives comes first.
TEST(Leadership, WaitsForTheLeaseThenTheFittestComesFirst) {
    const auto lease = seen(witness);
    const auto standby = may_lead_at(candidate(west), lease, terms, at(0s));
    const auto writer = may_lead_at(candidate(east), lease, terms, at(0s));
    ASSERT_TRUE(standby && writer);
    EXPECT_GE(*standby, at(terms.taker()));
    EXPECT_GT(*writer, *standby + terms.beat);
    const auto of_another_witness = may_lead_at(candidate(RegionName("eu-west-1")), lease, terms, at(0s));
    EXPECT_EQ(of_another_witness, at(terms.taker()));
}

// Goal: without any lease the same order holds, from when that was seen.
TEST(Leadership, AnEmptyStoreIsFirstLedFromTheWitness) {
    const LeaseTaker nothing(terms);
    EXPECT_EQ(may_lead_at(candidate(witness), nothing, terms, at(1s)), at(1s));
    EXPECT_GT(*may_lead_at(candidate(west), nothing, terms, at(1s)), at(1s) + terms.beat);
}

// Goal: a process that comes back goes on at once; who let go gives the others a whole lease.
TEST(Leadership, ComesBackAtOnceButStaysAwayAfterLettingGo) {
    EXPECT_EQ(may_lead_at(candidate(witness), seen(witness), terms, at(0s)), at(0s));
    EXPECT_GE(*may_lead_at(candidate(west), seen(west, true), terms, at(0s)), at(terms.taker()));
    EXPECT_LT(*may_lead_at(candidate(west), seen(east, true), terms, at(0s)), at(terms.duration));
    EXPECT_EQ(may_lead_at(candidate(witness), seen(east, true), terms, at(0s)), at(0s));
}

// Goal: a store that forgot is led by nobody without a person.
TEST(Leadership, NobodyLeadsAStoreThatForgot) {
    auto lease = seen(witness);
    lease.saw(8, {.region = witness, .epoch = Epoch(2)}, at(1s));
    EXPECT_FALSE(may_lead_at(candidate(west), lease, terms, at(0s)));
}

// Goal: the leader leaves the writer's region as soon as another site lives, but not in the middle of a move.
TEST(Leadership, HandsOverToAFitterSiteThatLives) {
    Candidate leader = candidate(east);
    EXPECT_FALSE(hands_over(leader, terms, at(0s), at(1min))) << "nobody else lives";
    leader.alive = {west};
    EXPECT_TRUE(hands_over(leader, terms, at(0s), at(1min)));
    EXPECT_FALSE(hands_over(leader, terms, at(0s), at(1s))) << "it has only just begun";
    leader.move_under_way = true;
    EXPECT_FALSE(hands_over(leader, terms, at(0s), at(1min)));
    leader = candidate(west);
    leader.alive = {east};
    EXPECT_FALSE(hands_over(leader, terms, at(0s), at(1min))) << "the writer's region is not fitter";
    leader.alive = {east, witness};
    EXPECT_TRUE(hands_over(leader, terms, at(0s), at(1min)));
    leader.writers = {west};
    leader.alive = {east};
    EXPECT_TRUE(hands_over(leader, terms, at(0s), at(1min))) << "a switchover to its own region is next";
}

}  // namespace
}  // namespace cloudshelf::core
