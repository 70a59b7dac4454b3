#include "io/patience.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::io {
namespace {

using namespace std::chrono_literals;

// Goal: silence uses up what there is, whether it comes at once or in parts.
TEST(Patience, EndsWithSilence) {
    Patience patience({.idle = 10s, .bytes_per_second_min = 1000});
    EXPECT_EQ(patience.left(), 10s);
    patience.waited(4s, 0);
    patience.waited(5s, 0);
    EXPECT_EQ(patience.left(), 1s);
    patience.waited(2s, 0);
    EXPECT_EQ(patience.left(), 0s);
}

// Goal: a byte now and then does not help; the rate asked for does, for ever; a flood is not put by for later.
TEST(Patience, HoldsForAPeerThatIsFastEnough) {
    Patience trickle({.idle = 10s, .bytes_per_second_min = 1000});
    for (int i = 0; i < 3; ++i) trickle.waited(4s, 1);
    EXPECT_LT(trickle.left(), 4ms);
    Patience steady({.idle = 10s, .bytes_per_second_min = 1000});
    for (int i = 0; i < 1000; ++i) steady.waited(4s, 4000);
    EXPECT_EQ(steady.left(), 10s);
    steady.waited(0s, std::size_t{1} << 60);
    EXPECT_EQ(steady.left(), 10s);
    steady.waited(10s, 500);
    EXPECT_EQ(steady.left(), 500ms);
}

// Goal: without a rate the time is for the whole; the deadline is never passed.
TEST(Patience, KnowsItsEnd) {
    Patience whole({.idle = 10s});
    whole.waited(9s, 1 << 30);
    EXPECT_EQ(whole.left(), 1s);
    Patience late({.idle = 10s, .bytes_per_second_min = 1, .deadline = Deadline::after(-1s)});
    EXPECT_EQ(late.left(), 0s);
    Patience soon({.idle = 10s, .deadline = Deadline::after(2s)});
    EXPECT_LE(soon.left(), 2s);
}

}  // namespace
}  // namespace cloudshelf::io
