#include "core/recent_moves.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

TimePoint at(Duration since_start) {
    return TimePoint(since_start);
}

// Goal: a move that was decided long ago and took effect just now is a move of just now.
TEST(RecentMoves, CountFromTheirEnd) {
    RecentMoves moves;
    moves.begun("x1");
    EXPECT_EQ(moves.count(at(60s), 10s), 1);  // still under way
    moves.ended("x1", at(60s));
    EXPECT_EQ(moves.count(at(69s), 10s), 1);
    EXPECT_EQ(moves.count(at(70s), 10s), 0);
}

TEST(RecentMoves, OnlyThoseThatWereAutomatic) {
    RecentMoves moves;
    moves.begun("x1");
    moves.begun("x1");  // resumed
    moves.ended("x2", at(1s));
    EXPECT_EQ(moves.count(at(2s), 10s), 1);
}

}  // namespace
}  // namespace cloudshelf::core
