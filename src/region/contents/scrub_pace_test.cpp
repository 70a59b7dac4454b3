#include "region/contents/scrub_pace.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::contents {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};
constexpr ScrubPace::Options options{.whole_every = 1000s, .bytes_per_second_min = 100, .bytes_per_second_max = 10'000};

TEST(ScrubPace, ReadsAllInItsTimeWithinLimits) {
    const ScrubPace pace(options, start);
    EXPECT_EQ(pace.bytes_per_second(5'000'000), 5000u);
    EXPECT_EQ(pace.bytes_per_second(5'000'001), 5001u) << "rounded up, or it is never done";
    EXPECT_EQ(pace.bytes_per_second(0), 100u);
    EXPECT_EQ(pace.bytes_per_second(1'000'000'000), 10'000u);
}

TEST(ScrubPace, ALongPauseIsNotMadeGood) {
    ScrubPace pace(options, start);
    EXPECT_EQ(pace.allowed(5'000'000, start), 0);
    EXPECT_EQ(pace.allowed(5'000'000, start + 100ms), 500);
    EXPECT_EQ(pace.allowed(5'000'000, start + 1h), 5000);
    EXPECT_EQ(pace.allowed(5'000'000, start), 5000) << "time that goes backwards adds nothing";
}

// Goal: over a time, however large the files are, what is read is what the rate allows.
TEST(ScrubPace, WaitsForWhatALargeFileTookTooMuch) {
    ScrubPace pace(options, start);
    TimePoint now = start;
    std::uint64_t read = 0;
    while (read < 1'000'000) {
        const Duration wait = pace.wait(5'000'000, now);
        now += wait;
        ASSERT_EQ(pace.wait(5'000'000, now), Duration::zero());
        pace.read(30'000);
        read += 30'000;
    }
    const double seconds = std::chrono::duration<double>(now - start).count();
    EXPECT_NEAR(static_cast<double>(read - 30'000) / seconds, 5000, 1);
}

}  // namespace
}  // namespace cloudshelf::contents
