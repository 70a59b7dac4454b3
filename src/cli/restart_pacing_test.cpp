#include "cli/restart_pacing.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cloudshelf::cli {
namespace {

using namespace std::chrono_literals;

TimePoint at(Duration since_start) {
    return TimePoint(1h) + since_start;
}

// Goal: an nginx that cannot start is tried ever less often and spoken of once, not twice a second. Method: ten minutes
// of looks, every half second.
TEST(RestartPacing, TriesLessOftenAndSaysOnceWhatStaysTheSame) {
    RestartPacing pacing(at(0s));
    std::vector<Duration> tries;
    int news = 0;
    for (Duration t = 100s; t < 700s; t += 500ms) {
        if (pacing.ended(at(t))) ++news;
        if (!pacing.due(at(t))) continue;
        tries.push_back(t);
        if (pacing.tried(at(t), "the port is taken")) ++news;
    }
    EXPECT_EQ(news, 2) << "that it ended, and why it does not start";
    ASSERT_GT(tries.size(), 4U);
    EXPECT_EQ(tries[0], 100s) << "at once";
    EXPECT_EQ(tries[1], 100s + 500ms);
    EXPECT_EQ(tries[2], 101s + 500ms);
    EXPECT_EQ(tries.back() - tries[tries.size() - 2], 30s);
    EXPECT_LT(tries.size(), 30U);

    EXPECT_TRUE(pacing.tried(at(700s), "the disk is full")) << "another reason";
    EXPECT_TRUE(pacing.tried(at(730s), std::nullopt));
    EXPECT_TRUE(pacing.ended(at(800s)));
    EXPECT_TRUE(pacing.due(at(800s))) << "it had been up for long enough";
    EXPECT_TRUE(pacing.tried(at(800s), "the disk is full")) << "after it was up, that is news again";
}

TEST(RestartPacing, PausesForWhatEndsSoonAfterEachStart) {
    RestartPacing pacing(at(0s));
    int starts = 0;
    for (Duration t = 0s; t < 600s; t += 500ms) {
        pacing.ended(at(t));
        if (!pacing.due(at(t))) continue;
        ++starts;
        pacing.tried(at(t), std::nullopt);
    }
    EXPECT_LT(starts, 30);
}

}  // namespace
}  // namespace cloudshelf::cli
