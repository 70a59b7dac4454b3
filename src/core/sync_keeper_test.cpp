// Goal: what the lease says of the protection of orders is true at every moment, whatever comes in between.
#include "core/sync_keeper.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

const TimePoint start{1h};
constexpr Duration patience = 1s;

const StandbyView away{.written = Lsn(1000)};
StandbyView streaming(std::uint64_t written, std::uint64_t lag, bool is_waited_for) {
    return {.streams = true, .is_waited_for = is_waited_for, .written = Lsn(written), .lag = lag};
}

SyncKeeper keeper(bool degrades = true) {
    SyncKeeper made({.patience = patience, .degrades = degrades});
    made.opens(Sync::degraded);
    return made;
}

/// One look that makes the server wait, and what it looks like then.
void wait_and_see(SyncKeeper& keeper, const StandbyView& standby) {
    EXPECT_EQ(keeper.look(Sync::degraded, standby, start), CommitsWait::for_standby);
    keeper.waits(standby);
}

SyncKeeper in_step() {
    SyncKeeper made = keeper();
    for (int look = 0; look < 3; ++look) wait_and_see(made, streaming(1000, 0, true));
    EXPECT_EQ(made.wanted(), Sync::in_step);
    made.sends(Sync::in_step);
    made.stored(Sync::in_step);
    return made;
}

// Goal: what was acknowledged before commits waited is at the standby before "in step" is said.
TEST(SyncKeeper, IsInStepWhenAllOfTheTimeBeforeIsThere) {
    SyncKeeper sync = keeper();
    wait_and_see(sync, streaming(1000, 400, true));
    wait_and_see(sync, streaming(1100, 400, true));  // 1100 is beyond all that did not wait
    wait_and_see(sync, streaming(1400, 400, true));
    EXPECT_EQ(sync.wanted(), Sync::degraded);
    wait_and_see(sync, streaming(1500, 400, true));
    EXPECT_EQ(sync.wanted(), Sync::in_step);
}

TEST(SyncKeeper, AServerThatDoesNotWaitYetCountsFromAnew) {
    SyncKeeper sync = keeper();
    wait_and_see(sync, streaming(1000, 0, true));
    wait_and_see(sync, streaming(1000, 0, true));
    wait_and_see(sync, streaming(2000, 0, false));  // its connection began anew
    wait_and_see(sync, streaming(2000, 0, true));
    wait_and_see(sync, streaming(2000, 0, true));
    EXPECT_EQ(sync.wanted(), Sync::degraded);
    wait_and_see(sync, streaming(2000, 0, true));
    EXPECT_EQ(sync.wanted(), Sync::in_step);
}

TEST(SyncKeeper, AStandbyFarBehindIsNotWaitedFor) {
    SyncKeeper sync = keeper();
    EXPECT_EQ(sync.look(Sync::degraded, streaming(5u << 20, 1u << 20, false), start), CommitsWait::as_before);
}

// Goal: orders never go unprotected while the record says that they are protected.
TEST(SyncKeeper, SaysThatItDegradesBeforeItStopsWaiting) {
    SyncKeeper sync = in_step();
    EXPECT_EQ(sync.look(Sync::in_step, away, start + patience), CommitsWait::as_before);
    EXPECT_EQ(sync.wanted(), Sync::in_step) << "it may come back";
    EXPECT_EQ(sync.look(Sync::in_step, away, start + patience + 1ms), CommitsWait::as_before);
    EXPECT_EQ(sync.wanted(), Sync::degraded);
    EXPECT_EQ(sync.look(Sync::in_step, away, start + 1h), CommitsWait::as_before) << "nobody has recorded it yet";
    sync.sends(Sync::degraded);
    sync.stored(Sync::degraded);
    EXPECT_EQ(sync.look(Sync::degraded, away, start + 1h), CommitsWait::for_nobody);
}

// Goal: an answer that got lost. The record was read as degraded, and a renewal that says "in step" is under way.
TEST(SyncKeeper, WaitsForARenewalThatMayStillBeStored) {
    SyncKeeper sync = keeper();
    for (int look = 0; look < 3; ++look) wait_and_see(sync, streaming(1000, 0, true));
    sync.sends(Sync::in_step);
    EXPECT_EQ(sync.look(Sync::degraded, away, start + 1h), CommitsWait::as_before);
    EXPECT_EQ(sync.wanted(), Sync::degraded);
    sync.sends(Sync::degraded);
    EXPECT_EQ(sync.look(Sync::degraded, away, start + 1h), CommitsWait::as_before);
    sync.stored(Sync::degraded);
    EXPECT_EQ(sync.look(Sync::degraded, away, start + 1h), CommitsWait::for_nobody);
}

TEST(SyncKeeper, ByThePolicyBlockItGoesOnWaiting) {
    SyncKeeper sync = keeper(false);
    sync.opens(Sync::in_step);
    EXPECT_EQ(sync.look(Sync::in_step, away, start + 1h), CommitsWait::as_before);
    EXPECT_EQ(sync.wanted(), Sync::blocked);
    sync.sends(Sync::blocked);
    sync.stored(Sync::blocked);
    EXPECT_EQ(sync.look(Sync::blocked, away, start + 2h), CommitsWait::as_before);
    EXPECT_EQ(sync.wanted(), Sync::blocked);
}

TEST(SyncKeeper, ABlockedOneComesBackIntoStep) {
    SyncKeeper sync = keeper(false);
    sync.opens(Sync::blocked);
    for (int look = 0; look < 3; ++look) {
        EXPECT_EQ(sync.look(Sync::blocked, streaming(1000, 0, true), start), CommitsWait::for_standby);
        sync.waits(streaming(1000, 0, true));
    }
    EXPECT_EQ(sync.wanted(), Sync::in_step);
}

}  // namespace
}  // namespace cloudshelf::core
