// Goal: whether an old writer's log is a part of the new one's, and what that makes of its data.
#include "core/timelines.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

const Fork first{.timeline = 1, .at = Lsn(0x5000148)};
const Fork second{.timeline = 2, .at = Lsn(0x7000000)};

TEST(Timelines, ReadsHistoryFiles) {
    const auto forks = parse_history("1\t0/5000148\tno recovery target specified\n\n2\t0/7000000\tbefore 2000-01-01\n");
    EXPECT_EQ(forks, (std::vector{first, second}));
    EXPECT_TRUE(parse_history("# a comment\n").empty());
}

TEST(Timelines, AWriterThatWasPromotedForkedFromOurs) {
    const Timelines ours{.timeline = 1};
    const Timelines writers{.forks = {first}, .timeline = 2, .end = Lsn(0x6000000)};
    EXPECT_EQ(lineage(ours, writers), (Lineage{.common = true, .fork = first.at}));
}

TEST(Timelines, TheForkOfOursIsNotALaterOne) {
    const Timelines ours{.timeline = 1};
    const Timelines writers{.forks = {first, second}, .timeline = 3, .end = Lsn(0x8000000)};
    EXPECT_EQ(lineage(ours, writers), (Lineage{.common = true, .fork = first.at}));
}

TEST(Timelines, OnTheSameTimelineTheirsEndsWhereTheyAre) {
    const Timelines both{.forks = {first}, .timeline = 2, .end = Lsn(0x6000000)};
    EXPECT_EQ(lineage(both, both), (Lineage{.common = true, .fork = Lsn(0x6000000)}));
}

TEST(Timelines, TheSameNumberFromAnotherForkIsAnotherTimeline) {
    const Timelines ours{.forks = {{.timeline = 1, .at = Lsn(0x5000000)}}, .timeline = 2};
    const Timelines writers{.forks = {first}, .timeline = 2, .end = Lsn(0x6000000)};
    EXPECT_FALSE(lineage(ours, writers).common);
    const Timelines later{.forks = {first, second}, .timeline = 3, .end = Lsn(0x8000000)};
    EXPECT_FALSE(lineage(ours, later).common);
}

TEST(Timelines, ALaterTimelineThanTheWritersWasPromotedOnItsOwn) {
    const Timelines ours{.forks = {first}, .timeline = 2};
    const Timelines writers{.timeline = 1, .end = Lsn(0x6000000)};
    EXPECT_FALSE(lineage(ours, writers).common);
}

// 1 → 3 there, while 2 was promoted here and lost: its history is no part of theirs, though their number is higher.
TEST(Timelines, ATimelineThatTheirsNeverWasOnIsNotCommon) {
    const Timelines ours{.forks = {first}, .timeline = 2};
    const Timelines writers{.forks = {first}, .timeline = 3, .end = Lsn(0x6000000)};
    EXPECT_FALSE(lineage(ours, writers).common);
}

TEST(Timelines, WhoHasNothingOfItsOwnFollows) {
    const Lineage forked{.common = true, .fork = Lsn(100)};
    EXPECT_TRUE(follows_without_a_rewind({.is_standby = true}, forked));
    EXPECT_TRUE(follows_without_a_rewind({.ended_cleanly = true, .checkpoint = Lsn(99)}, forked));
    EXPECT_FALSE(follows_without_a_rewind({.ended_cleanly = true, .checkpoint = Lsn(100)}, forked));
    EXPECT_FALSE(follows_without_a_rewind({.ended_cleanly = false, .checkpoint = Lsn(99)}, forked));
}

TEST(Timelines, WhatIsNoPartOfTheWritersHistoryDoesNotFollow) {
    EXPECT_FALSE(follows_without_a_rewind({.is_standby = true}, {}));
    EXPECT_FALSE(follows_without_a_rewind({.ended_cleanly = true, .checkpoint = Lsn(0)}, {.fork = Lsn(100)}));
}

}  // namespace
}  // namespace cloudshelf::core
