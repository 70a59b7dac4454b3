#include "core/detection.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

class RegionHealthTest : public testing::Test {
protected:
    void look(bool controller, bool peer, bool streams = false) {
        now_ += 100ms;
        health_.saw("controller", {.answers = controller}, false, now_);
        health_.saw("us-west-2", {.answers = peer, .streams = streams}, false, now_);
    }
    RegionHealth health_{{.failure_threshold = 3, .quorum = 2, .view_age_max = 700ms}};
    TimePoint now_{1000s};
};

TEST_F(RegionHealthTest, IsDownWhenBothAgreeOftenEnough) {
    look(true, true);
    EXPECT_EQ(health_.verdict(now_), Verdict::healthy);
    look(false, false);
    look(false, false);
    EXPECT_EQ(health_.verdict(now_), Verdict::suspect);
    look(false, false);
    EXPECT_EQ(health_.verdict(now_), Verdict::down);
    look(true, false);
    EXPECT_EQ(health_.verdict(now_), Verdict::suspect);
}

// The witness does not see the primary while the standby does, and the reverse.
TEST_F(RegionHealthTest, OneVantageThatReachesItIsEnough) {
    for (int i = 0; i < 10; ++i) look(false, true);
    EXPECT_EQ(health_.verdict(now_), Verdict::suspect);
    for (int i = 0; i < 10; ++i) look(true, false);
    EXPECT_EQ(health_.verdict(now_), Verdict::suspect);
}

TEST_F(RegionHealthTest, AReplicaThatStreamsIsHeard) {
    for (int i = 0; i < 5; ++i) look(false, false, true);
    EXPECT_EQ(health_.verdict(now_), Verdict::unreachable_but_streaming);
}

TEST_F(RegionHealthTest, OldViewsSayNothing) {
    for (int i = 0; i < 5; ++i) look(false, false);
    EXPECT_EQ(health_.verdict(now_ + 10s), Verdict::unknown);
}

TEST_F(RegionHealthTest, AVantageThatIsLateItselfDoesNotCondemn) {
    for (int i = 0; i < 5; ++i) {
        now_ += 100ms;
        health_.saw("controller", {.answers = false}, true, now_);
        health_.saw("us-west-2", {.answers = false}, false, now_);
    }
    EXPECT_NE(health_.verdict(now_), Verdict::down);
}

}  // namespace
}  // namespace cloudshelf::core
