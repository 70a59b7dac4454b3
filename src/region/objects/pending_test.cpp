// Goal: what is on its way is counted until it is confirmed, and being late is told once, as is its end.
#include "region/objects/pending.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::objects {
namespace {

using changelog::Position;
using namespace std::chrono_literals;

constexpr std::int64_t begin_ms = 1'790'000'000'000;
constexpr std::int64_t due_ms = std::chrono::milliseconds(replication_due).count();

TEST(Pending, CountsWhatIsNotConfirmed) {
    Pending pending;
    EXPECT_EQ(pending.age(begin_ms), 0s);
    pending.logged(Position(3), 100, begin_ms);
    pending.logged(Position(5), 20, begin_ms + 1000);
    EXPECT_EQ(pending.objects(), 2u);
    EXPECT_EQ(pending.bytes(), 120u);
    EXPECT_EQ(pending.age(begin_ms + 3000), 3s);
    pending.confirmed(Position(4));
    EXPECT_EQ(pending.objects(), 1u);
    EXPECT_EQ(pending.bytes(), 20u);
    EXPECT_EQ(pending.age(begin_ms + 3000), 2s);
    EXPECT_EQ(pending.age(begin_ms), 0s) << "a clock that went back makes nothing younger than now";
    pending.confirmed(Position(5));
    EXPECT_EQ(pending.objects(), 0u);
    EXPECT_EQ(pending.replicated_objects(), 2u);
    EXPECT_EQ(pending.replicated_bytes(), 120u);
}

TEST(Pending, CountsManyInBoundedSpace) {
    Pending pending;
    constexpr std::uint64_t count = 3 * told_apart_max;
    for (std::uint64_t i = 1; i <= count; ++i) pending.logged(Position(i), 10, begin_ms + static_cast<std::int64_t>(i));
    EXPECT_EQ(pending.objects(), count);
    EXPECT_EQ(pending.bytes(), 10 * count);
    EXPECT_EQ(pending.age(begin_ms + 1001), 1s) << "the oldest is told apart by its time";
    pending.confirmed(Position(count / 2));
    EXPECT_GE(pending.objects(), count / 2);
    EXPECT_LE(pending.objects(), count / 2 + 4) << "neighbours are confirmed together";
    pending.confirmed(Position(count));
    EXPECT_EQ(pending.objects(), 0u);
    EXPECT_EQ(pending.bytes(), 0u);
    EXPECT_EQ(pending.replicated_objects(), count);
}

TEST(Pending, IsLateOnceAndCatchesUpOnce) {
    Pending pending;
    pending.logged(Position(1), 1, begin_ms);
    pending.logged(Position(2), 1, begin_ms + 1000);
    EXPECT_FALSE(pending.look(begin_ms + due_ms));
    EXPECT_EQ(pending.look(begin_ms + due_ms + 1), Pending::Event::late);
    EXPECT_FALSE(pending.look(begin_ms + due_ms + 2)) << "told already";
    pending.confirmed(Position(1));
    EXPECT_EQ(pending.look(begin_ms + due_ms + 3), Pending::Event::caught_up) << "the next is not late yet";
    EXPECT_EQ(pending.look(begin_ms + due_ms + 1001), Pending::Event::late);
    pending.confirmed(Position(2));
    EXPECT_EQ(pending.look(begin_ms + due_ms + 1002), Pending::Event::caught_up);
}

}  // namespace
}  // namespace cloudshelf::objects
