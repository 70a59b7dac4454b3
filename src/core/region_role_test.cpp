#include "core/region_role.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

const RegionName east("us-east-1");
const RegionName west("us-west-2");

LeaseRecord lease_of(RegionName region, std::uint64_t epoch, bool released = false) {
    return {.region = region, .epoch = Epoch(epoch), .released = released};
}

// Goal: the old primary that boots later, with stale data, follows; the new writer stays.
TEST(NextMove, AnOldWriterRejoins) {
    const LocalState old{.has_data = true, .known = Epoch(1)};
    EXPECT_EQ(next_move(east, lease_of(west, 2), old), NextMove::rejoin);
    LocalState running = old;
    running.is_running = true;
    EXPECT_EQ(next_move(east, lease_of(west, 2), running), NextMove::stop_writing);
}

TEST(NextMove, AnAgentThatWasStartedAgainGoesOn) {
    const LocalState writer{.has_data = true, .is_running = true, .known = Epoch(3)};
    EXPECT_EQ(next_move(east, lease_of(east, 3), writer), NextMove::resume);
}

// Goal: in a store that was made anew the writer goes on at the newer epoch that continues its own; nobody else does.
TEST(NextMove, AWriterGoesOnInARebuiltStore) {
    LeaseRecord rebuilt = lease_of(east, 8);
    rebuilt.continues = Epoch(7);
    const LocalState writer{.has_data = true, .known = Epoch(7)};
    EXPECT_EQ(next_move(east, rebuilt, writer), NextMove::resume);
    const LocalState remembered{.has_data = true, .known = Epoch(8)};
    EXPECT_EQ(next_move(east, rebuilt, remembered), NextMove::resume);
    const LocalState older{.has_data = true, .known = Epoch(6)};
    EXPECT_EQ(next_move(east, rebuilt, older), NextMove::wait);
    const LocalState newer{.has_data = true, .known = Epoch(9)};
    EXPECT_EQ(next_move(east, rebuilt, newer), NextMove::distrust);
    const LocalState standby{.has_data = true, .is_standby = true, .is_running = true, .known = Epoch(7)};
    EXPECT_EQ(next_move(east, rebuilt, standby), NextMove::wait);
    EXPECT_EQ(next_move(west, rebuilt, standby), NextMove::nothing);
}

TEST(NextMove, NobodyWritesByLookingAlone) {
    // The lease names us at an epoch that we were never promoted to: the command, with its fence record, has to come.
    const LocalState standby{.has_data = true, .is_standby = true, .is_running = true, .known = Epoch(2)};
    EXPECT_EQ(next_move(west, lease_of(west, 3), standby), NextMove::wait);
    const LocalState primary{.has_data = true, .known = Epoch(2)};
    EXPECT_EQ(next_move(west, lease_of(west, 3), primary), NextMove::wait);
    const LocalState empty{.known = Epoch(0)};
    EXPECT_EQ(next_move(west, lease_of(west, 3), empty), NextMove::wait);
    EXPECT_EQ(next_move(east, lease_of(east, 1), empty), NextMove::initialize);
}

TEST(NextMove, AStoreThatForgotIsNotBelieved) {
    const LocalState local{.has_data = true, .known = Epoch(5)};
    EXPECT_EQ(next_move(east, lease_of(east, 4), local), NextMove::distrust);
}

TEST(NextMove, AReleasedLeaseIsWaitedFor) {
    const LocalState demoted{.has_data = true, .known = Epoch(2)};
    EXPECT_EQ(next_move(west, lease_of(west, 2, true), demoted), NextMove::wait);
    EXPECT_EQ(next_move(east, lease_of(west, 2, true), demoted), NextMove::wait);
}

TEST(NextMove, WhoGaveUpDoesNotTakeItBack) {
    const LocalState local{.has_data = true, .known = Epoch(2), .gave_up = true};
    EXPECT_EQ(next_move(east, lease_of(east, 2), local), NextMove::wait);
    EXPECT_EQ(next_move(east, lease_of(west, 3), local), NextMove::rejoin);
}

// Goal: whatever is at home, a region begins to write by itself only at an epoch that was its own before, or as the
// very first writer. Method: every combination.
TEST(NextMove, WritesOnlyWhereItMay) {
    for (int bits = 0; bits < 64; ++bits) {
        for (const std::uint64_t known : {0u, 1u, 2u, 3u}) {
            for (const std::uint64_t epoch : {1u, 2u, 3u}) {
                const LocalState local{
                    .has_data = (bits & 1) != 0,
                    .is_standby = (bits & 2) != 0,
                    .is_running = (bits & 4) != 0,
                    .holds_lease = (bits & 8) != 0,
                    .known = Epoch(known),
                };
                const bool ours = (bits & 16) != 0;
                const bool released = (bits & 32) != 0;
                const NextMove move = next_move(east, lease_of(ours ? east : west, epoch, released), local);
                const bool writes = move == NextMove::initialize || move == NextMove::resume;
                const bool may = ours && !released && (epoch == known || (epoch == 1 && !local.has_data));
                EXPECT_TRUE(!writes || may) << bits << " " << known << " " << epoch << " " << name(move);
            }
        }
    }
}

TEST(ServerCare, StartsAgainThenGivesUp) {
    EXPECT_EQ(server_care(100ms, false, 0), ServerCare::nothing);
    EXPECT_EQ(server_care(300ms, false, 0), ServerCare::start);
    EXPECT_EQ(server_care(300ms, true, 0), ServerCare::nothing);
    EXPECT_EQ(server_care(16s, true, 0), ServerCare::give_up);
    EXPECT_EQ(server_care(300ms, false, 3), ServerCare::give_up);
}

// Goal: only who was the writer, may not write and hears nothing for longer than a taker waits gives its customers
// away.
TEST(SendsCustomersAway, OnlyWhenFencedAndAlone) {
    const LeaseTerms terms{.duration = 600ms, .beat = 200ms};
    const RegionName self("us-east-1");
    LeaseRecord lease{.region = self, .epoch = Epoch(3), .sync = Sync::in_step};
    EXPECT_TRUE(sends_customers_away(self, lease, false, 2s, terms));
    EXPECT_FALSE(sends_customers_away(self, lease, true, 2s, terms));
    EXPECT_FALSE(sends_customers_away(self, lease, false, 700ms, terms));
    EXPECT_FALSE(sends_customers_away(RegionName("us-west-2"), lease, false, 2s, terms));
    EXPECT_FALSE(sends_customers_away(self, std::nullopt, false, 2s, terms));
    lease.sync = Sync::degraded;
    EXPECT_FALSE(sends_customers_away(self, lease, false, 2s, terms));
    lease.sync = Sync::in_step;
    lease.released = true;
    EXPECT_FALSE(sends_customers_away(self, lease, false, 2s, terms));
}

}  // namespace
}  // namespace cloudshelf::core
