#include "core/rebuild.hpp"

#include "base/random.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace cloudshelf::core {
namespace {

const RegionName east("us-east-1");
const RegionName west("us-west-2");

LeaseSeen saw(RegionName region, std::uint64_t epoch, std::string by = "an agent") {
    return {.region = std::move(region), .epoch = Epoch(epoch), .by = std::move(by)};
}
RegionSays standby(RegionName region, std::uint64_t epoch) {
    return {.region = std::move(region), .answers = true, .epoch = Epoch(epoch)};
}
RegionSays stopped_writer(RegionName region, std::uint64_t epoch) {
    return {.region = std::move(region), .answers = true, .epoch = Epoch(epoch), .is_writer = true};
}
RegionSays writer(RegionName region, std::uint64_t epoch) {
    RegionSays says = stopped_writer(std::move(region), epoch);
    says.writes = true;
    return says;
}
RegionSays silent(RegionName region) {
    return {.region = std::move(region)};
}

struct Asked {
    std::vector<RegionSays> regions;
    std::vector<LeaseSeen> elsewhere = {};
    std::optional<LeaseRecord> in_store = std::nullopt;
    std::optional<RegionName> chosen = std::nullopt;
};
Result<Rebuild> propose(const Asked& asked) {
    return propose_rebuild(asked.regions, asked.elsewhere, asked.in_store, asked.chosen);
}
std::string refusal(const Asked& asked) {
    const auto proposed = propose(asked);
    return proposed ? "proposed " + proposed->lease.region.value() : proposed.error().code;
}

// Goal: the region that writes by promises goes on, one epoch further, and the record says whose epoch that was.
TEST(Rebuild, AWriterKeepsWriting) {
    for (const bool other_answers : {true, false}) {
        const auto proposed = propose({.regions = {writer(east, 7), other_answers ? standby(west, 7) : silent(west)}});
        ASSERT_TRUE(proposed);
        EXPECT_EQ(proposed->lease.region, east);
        EXPECT_EQ(proposed->lease.epoch, Epoch(8));
        EXPECT_EQ(proposed->lease.continues, Epoch(7));
        EXPECT_EQ(proposed->lease.fence, (FenceRecord{FenceHow::person, Epoch(7)}));
        EXPECT_EQ(proposed->lease.sync, Sync::degraded);
        EXPECT_FALSE(proposed->lease.released);
    }
    EXPECT_EQ(refusal({.regions = {writer(east, 7), standby(west, 7)}, .chosen = west}), "guard.other-writes");
}

// Goal: nobody writes any more: who wrote last is found in what was seen, in the data only when nobody saw anything.
TEST(Rebuild, TheLastWriterGoesOn) {
    RegionSays follower = standby(west, 7);
    follower.seen = saw(east, 7);
    const auto proposed = propose({.regions = {stopped_writer(east, 7), follower}});
    ASSERT_TRUE(proposed);
    EXPECT_EQ(proposed->lease.region, east);
    // The old writer's data looks like a writer's too, until it has rejoined.
    follower = stopped_writer(west, 7);
    const auto by_journal =
        propose({.regions = {stopped_writer(east, 7), follower}, .elsewhere = {saw(west, 7), saw(east, 6)}});
    ASSERT_TRUE(by_journal);
    EXPECT_EQ(by_journal->lease.region, west);
    const auto by_data = propose({.regions = {stopped_writer(east, 7), standby(west, 7)}});
    ASSERT_TRUE(by_data);
    EXPECT_EQ(by_data->lease.region, east);
}

// Goal: the epoch is newer than any that anybody knows.
TEST(Rebuild, NoEpochIsUsedTwice) {
    const LeaseRecord restored{.region = east, .epoch = Epoch(4)};
    const auto from_backup =
        propose({.regions = {writer(east, 7), standby(west, 7)}, .elsewhere = {saw(east, 6)}, .in_store = restored});
    ASSERT_TRUE(from_backup);
    EXPECT_EQ(from_backup->lease.epoch, Epoch(8));
    const LeaseRecord current{.region = east, .epoch = Epoch(7)};
    EXPECT_EQ(refusal({.regions = {writer(east, 7), standby(west, 7)}, .in_store = current}), "guard.state-there");
    const Asked newer{.regions = {writer(east, 7), standby(west, 8)}};
    EXPECT_EQ(refusal(newer), "guard.two-claims");
    const auto told = propose({.regions = newer.regions, .chosen = east});
    ASSERT_TRUE(told);
    EXPECT_EQ(told->lease.epoch, Epoch(9));
    EXPECT_EQ(told->lease.continues, Epoch(7));  // what the region that goes on wrote at
}

TEST(Rebuild, APersonSaysWhatNobodyKnows) {
    EXPECT_EQ(refusal({.regions = {writer(east, 7), writer(west, 7)}, .chosen = east}), "guard.two-writers");
    EXPECT_EQ(
        refusal(
            {.regions = {stopped_writer(east, 7), stopped_writer(west, 7)}, .elsewhere = {saw(east, 7), saw(west, 7)}}
        ),
        "guard.two-claims"
    );
    EXPECT_EQ(refusal({.regions = {stopped_writer(east, 7), stopped_writer(west, 7)}}), "guard.two-claims");
    EXPECT_EQ(refusal({.regions = {standby(east, 7), standby(west, 7)}}), "guard.no-claim");
    EXPECT_EQ(refusal({.regions = {stopped_writer(east, 7), silent(west)}}), "guard.silent-region");
    // Its word counts, and not for everything.
    EXPECT_EQ(refusal({.regions = {stopped_writer(east, 7), silent(west)}, .chosen = east}), "proposed us-east-1");
    EXPECT_EQ(
        refusal({.regions = {silent(east), standby(west, 7)}, .elsewhere = {saw(east, 7)}, .chosen = east}),
        "proposed us-east-1"
    );
    EXPECT_EQ(refusal({.regions = {silent(east), standby(west, 7)}, .chosen = west}), "guard.standby-data");
    EXPECT_EQ(
        refusal({.regions = {standby(east, 7), standby(west, 7)}, .chosen = RegionName("mars")}), "guard.no-claim"
    );
}

// Goal: whatever is said, the epoch is newer than all and no writing region is passed over. Method: random answers.
TEST(Rebuild, WhateverIsSaid) {
    const char* given = std::getenv("CLOUDSHELF_SEED");
    const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : 1;
    SCOPED_TRACE(fmt::format("CLOUDSHELF_SEED={}", seed));
    Random random(seed);
    const auto coin = [&] { return random.below(2) == 1; };
    int proposals = 0;
    for (int round = 0; round < 20'000; ++round) {
        Asked asked;
        for (const auto& region : {east, west}) {
            RegionSays says{.region = region, .answers = coin()};
            if (says.answers) {
                says.epoch = Epoch(random.below(4));
                says.is_writer = coin();
                says.writes = says.is_writer && coin();
                if (coin()) says.seen = saw(coin() ? east : west, random.below(4));
            }
            asked.regions.push_back(says);
        }
        if (coin()) asked.elsewhere.push_back(saw(coin() ? east : west, random.below(4)));
        if (coin()) asked.in_store = LeaseRecord{.region = east, .epoch = Epoch(random.below(4))};
        if (coin()) asked.chosen = coin() ? east : west;
        const auto proposed = propose(asked);
        if (!proposed) continue;
        ++proposals;
        for (const auto& says : asked.regions) {
            EXPECT_GT(proposed->lease.epoch, says.epoch);
            if (says.seen) EXPECT_GT(proposed->lease.epoch, says.seen->epoch);
            if (says.answers && says.writes) EXPECT_EQ(proposed->lease.region, says.region);
        }
        for (const auto& seen : asked.elsewhere) EXPECT_GT(proposed->lease.epoch, seen.epoch);
        if (asked.in_store) EXPECT_GT(proposed->lease.epoch, asked.in_store->epoch);
        EXPECT_EQ(proposed->lease.fence.epoch.value() + 1, proposed->lease.epoch.value());
    }
    EXPECT_GT(proposals, 1000);
}

}  // namespace
}  // namespace cloudshelf::core
