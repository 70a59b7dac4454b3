#include "core/move_policy.hpp"

#include "core/lease.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint now{1000s};
const MoveRules rules{.hold_down = 600ms};

/// us-east-1 was lost while us-west-2 was in step.
Situation lost() {
    return {
        .lease = LeaseRecord{.region = RegionName("us-east-1"), .epoch = Epoch(1), .sync = Sync::in_step},
        .writer = Verdict::down,
        .standby = {.reachable = true, .has_data = true, .follows = true},
        .standby_region = RegionName("us-west-2"),
    };
}

std::string stays(const Decision& decision) {
    const auto* stay = std::get_if<Stay>(&decision);
    return stay ? stay->code : "";
}
std::string asks(const Decision& decision) {
    const auto* ask = std::get_if<Ask>(&decision);
    return ask ? ask->code : "";
}

TEST(DecideFailover, GoesWhenTheWriterIsLost) {
    EXPECT_TRUE(std::holds_alternative<Go>(decide_failover(lost(), rules, now)));
}

// Goal: a store that was rolled back while no controller looked is recognised by what the agents remember: an epoch
// granted a second time would have two owners. Found by the simulator: a roll-back into the middle of a switchover,
// where the old record lets go of the lease.
TEST(DecideFailover, StaysWhenAnAgentRemembersANewerEpochThanTheStore) {
    Situation s = lost();
    s.newest_known = Epoch(1);
    EXPECT_TRUE(std::holds_alternative<Go>(decide_failover(s, rules, now)));
    s.newest_known = Epoch(2);
    EXPECT_EQ(stays(decide_failover(s, rules, now)), "guard.store-forgot");
    EXPECT_EQ(stays(allow_failover(s, rules, AcceptLoss::yes)), "guard.store-forgot");
    s.lease->released = true;
    s.writer_could_open = true;
    EXPECT_EQ(stays(decide_failover(s, rules, now)), "guard.store-forgot");
}

TEST(DecideFailover, StaysForEachReason) {
    Situation s = lost();
    for (const Verdict verdict :
         {Verdict::healthy, Verdict::suspect, Verdict::unknown, Verdict::unreachable_but_streaming}) {
        s.writer = verdict;
        EXPECT_EQ(stays(decide_failover(s, rules, now)), "writer-not-down") << name(verdict);
    }
    s = lost();
    s.move_under_way = true;
    EXPECT_EQ(stays(decide_failover(s, rules, now)), "guard.move-under-way");
    s = lost();
    s.standby.reachable = false;
    EXPECT_EQ(stays(decide_failover(s, rules, now)), "guard.region-down");
    s = lost();
    s.standby.has_data = false;
    EXPECT_EQ(stays(decide_failover(s, rules, now)), "guard.no-standby");
    s = lost();
    s.store_forgot = true;
    EXPECT_EQ(stays(decide_failover(s, rules, now)), "guard.store-forgot");
    s = lost();
    s.last_move_ended = now - 100ms;
    EXPECT_EQ(stays(decide_failover(s, rules, now)), "guard.hold-down");
    s.last_move_ended = now - 700ms;
    EXPECT_TRUE(std::holds_alternative<Go>(decide_failover(s, rules, now)));
}

TEST(DecideFailover, GoesWhenTheWriterGaveUp) {
    Situation s = lost();
    s.writer = Verdict::healthy;
    s.writer_gave_up = true;
    EXPECT_TRUE(std::holds_alternative<Go>(decide_failover(s, rules, now)));
}

// Goal: a move that ended after it took the lease and before it opened the database is taken up again, in the same
// region, within the same bounds as any automatic move.
TEST(DecideFailover, OpensWhatWasNeverOpened) {
    Situation s = lost();
    s.writer = Verdict::healthy;
    s.writer_never_opened = true;
    s.writer_could_open = true;
    s.standby.reachable = false;  // the old writer, which is gone
    const Decision decision = decide_failover(s, rules, now);
    const auto* go = std::get_if<Go>(&decision);
    ASSERT_TRUE(go);
    EXPECT_EQ(go->to, RegionName("us-east-1"));
    EXPECT_TRUE(std::holds_alternative<Go>(allow_failover(s, rules, AcceptLoss::no)));
    s.last_move_ended = now - 100ms;
    EXPECT_EQ(stays(decide_failover(s, rules, now)), "guard.hold-down");
    s.last_move_ended.reset();
    s.automatic_moves_in_window = rules.automatic_moves_max;
    EXPECT_EQ(asks(decide_failover(s, rules, now)), "guard.too-many-moves");
    s = lost();
    s.writer = Verdict::healthy;
    s.writer_never_opened = true;
    s.writer_could_open = true;
    s.move_under_way = true;
    EXPECT_EQ(stays(decide_failover(s, rules, now)), "writer-not-down");
}

// Goal: a lease that was let go of, and a writer that was fenced with nowhere to go, leave nobody without a writer.
TEST(DecideFailover, OpensWhereItWas) {
    const auto goes_to = [](const Decision& decision) {
        const auto* go = std::get_if<Go>(&decision);
        return go ? go->to.value() : stays(decision);
    };
    Situation s = lost();
    s.writer = Verdict::healthy;
    s.lease->released = true;
    s.writer_could_open = true;
    EXPECT_EQ(goes_to(decide_failover(s, rules, now)), "us-east-1");
    s.writer_could_open = false;  // its region is lost now: the other has all that it had
    EXPECT_EQ(goes_to(decide_failover(s, rules, now)), "us-west-2");
    s = lost();
    s.writer = Verdict::healthy;
    s.writer_gave_up = true;
    s.writer_could_open = true;
    EXPECT_EQ(goes_to(decide_failover(s, rules, now)), "us-west-2");
    s.standby.has_data = false;
    EXPECT_EQ(goes_to(decide_failover(s, rules, now)), "us-east-1");
}

// Goal: what may lose acknowledged writes is never done without a person. The standby degraded just before the loss.
TEST(DecideFailover, AsksWhereSomethingMayBeLost) {
    Situation s = lost();
    s.lease->sync = Sync::degraded;
    EXPECT_EQ(asks(decide_failover(s, rules, now)), "guard.sync-degraded");
    // The second region dies before the first is back: the first has a database, but an old one.
    s = lost();
    s.standby.follows = false;
    EXPECT_EQ(asks(decide_failover(s, rules, now)), "guard.standby-not-following");
    s = lost();
    s.standby.lag_bytes = rules.lag_bytes_max + 1;
    EXPECT_EQ(asks(decide_failover(s, rules, now)), "guard.standby-behind");
    s = lost();
    s.automatic_moves_in_window = rules.automatic_moves_max;
    EXPECT_EQ(asks(decide_failover(s, rules, now)), "guard.too-many-moves");
    MoveRules acknowledged = rules;
    acknowledged.acknowledge_before_next = true;
    s = lost();
    EXPECT_TRUE(std::holds_alternative<Go>(decide_failover(s, acknowledged, now)));
    s.move_unacknowledged = true;
    EXPECT_EQ(asks(decide_failover(s, acknowledged, now)), "guard.not-acknowledged");
    EXPECT_TRUE(std::holds_alternative<Go>(decide_failover(s, rules, now)));
    MoveRules confirm = rules;
    confirm.decided_by = DecidedBy::confirm;
    EXPECT_EQ(asks(decide_failover(lost(), confirm, now)), "guard.confirm");
}

// Goal: a drift that deadlines allow for moves by itself; a clock that is none asks a person.
TEST(DecideFailover, AsksWhereAClockIsNone) {
    Situation s = lost();
    s.clock_drift_ppm = clock_drift_ppm_ceiling;
    EXPECT_TRUE(std::holds_alternative<Go>(decide_failover(s, rules, now)));
    s.clock_drift_ppm = clock_drift_ppm_ceiling + 1;
    EXPECT_EQ(asks(decide_failover(s, rules, now)), "guard.clocks");
    s.writer = Verdict::healthy;
    EXPECT_EQ(stays(decide_failover(s, rules, now)), "writer-not-down");
}

TEST(AllowFailover, NamesTheLossUntilItIsAccepted) {
    Situation s = lost();
    s.lease->sync = Sync::degraded;
    EXPECT_EQ(stays(allow_failover(s, rules, AcceptLoss::no)), "guard.sync-degraded");
    EXPECT_TRUE(std::holds_alternative<Go>(allow_failover(s, rules, AcceptLoss::yes)));
    s.standby.reachable = false;
    EXPECT_EQ(stays(allow_failover(s, rules, AcceptLoss::yes)), "guard.region-down");
}

// Goal: a question is withdrawn only when the writer writes, not when its machine merely answers.
TEST(DecideFailover, WithdrawsWhatAnsweredItself) {
    Situation s = lost();
    EXPECT_FALSE(is_withdrawn(s));
    s.writer = Verdict::healthy;
    EXPECT_TRUE(is_withdrawn(s));
    s.writer_gave_up = true;
    EXPECT_FALSE(is_withdrawn(s));
    s.writer_gave_up = false;
    s.writer_never_opened = true;
    EXPECT_FALSE(is_withdrawn(s));
}

// Goal: what was true when the move was decided is looked at again when the lease is taken.
TEST(MayNotTake, WhatWasDegradedMeanwhile) {
    LeaseRecord old{.region = RegionName("us-east-1"), .epoch = Epoch(1), .sync = Sync::degraded};
    const RegionName to("us-west-2");
    EXPECT_TRUE(may_not_take(old, to, AcceptLoss::no));
    EXPECT_FALSE(may_not_take(old, to, AcceptLoss::yes));
    EXPECT_FALSE(may_not_take(old, RegionName("us-east-1"), AcceptLoss::no));  // taken up again where it was
    old.sync = Sync::in_step;
    EXPECT_FALSE(may_not_take(old, to, AcceptLoss::no));
    old.sync = Sync::degraded;
    old.released = true;
    EXPECT_FALSE(may_not_take(old, to, AcceptLoss::no));
}

TEST(AllowSwitchover, NeedsBothRegionsInStep) {
    Situation s = lost();
    EXPECT_EQ(stays(allow_switchover(s, rules)), "guard.writer-not-healthy");
    s.writer = Verdict::healthy;
    EXPECT_TRUE(std::holds_alternative<Go>(allow_switchover(s, rules)));
    s.lease->sync = Sync::degraded;
    EXPECT_EQ(stays(allow_switchover(s, rules)), "guard.not-caught-up");
}

}  // namespace
}  // namespace cloudshelf::core
