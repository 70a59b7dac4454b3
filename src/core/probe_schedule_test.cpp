#include "core/probe_schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1000s};

// Goal: N checks make an even stream. Method: the widest gap between neighbours against the mean one.
TEST(ProbeSchedule, SpreadsTheChecksOverTheInterval) {
    for (const std::uint32_t count : {1U, 2U, 7U, 100U, 1000U}) {
        ProbeSchedule schedule({.seed = count, .jitter = 0});
        for (std::uint32_t i = 0; i < count; ++i) schedule.add(ProbeId(i), 30s, ProbePacing::fixed, start);
        std::vector<Duration> phases;
        while (const auto due = schedule.take(start + 30s)) {
            if (due->meant - start >= 30s) break;
            phases.push_back(due->meant - start);
        }
        ASSERT_EQ(phases.size(), count);
        ASSERT_TRUE(std::ranges::is_sorted(phases));
        Duration widest = phases.front() + 30s - phases.back();
        for (std::size_t i = 1; i < phases.size(); ++i) widest = std::max(widest, phases[i] - phases[i - 1]);
        EXPECT_LE(widest, 3 * Duration(30s) / count) << count << " checks";
    }
}

TEST(ProbeSchedule, KeepsItsRhythmAndJittersAroundIt) {
    ProbeSchedule schedule({.seed = 3, .jitter = 0.1});
    schedule.add(ProbeId(0), 10s, ProbePacing::fixed, start);
    std::vector<Duration> times;
    for (int i = 0; i < 200; ++i) {
        const TimePoint next = schedule.next().value();
        EXPECT_FALSE(schedule.take(next - 1ns));
        times.push_back(schedule.take(next).value().meant - start);
    }
    const Duration first = times[0];
    std::set<Duration> moved;
    for (int i = 0; i < 200; ++i) {
        const Duration off = times[i] - first - i * 10s;
        EXPECT_LE(std::chrono::abs(off), 2s) << "look " << i;
        moved.insert(off);
    }
    EXPECT_GT(moved.size(), 190U);
}

TEST(ProbeSchedule, TheSameSeedGivesTheSameTimesAndAnotherOneOthers) {
    const auto times = [](std::uint64_t seed) {
        ProbeSchedule schedule({.seed = seed});
        for (std::uint32_t i = 0; i < 10; ++i) schedule.add(ProbeId(i), 1s, ProbePacing::fixed, start);
        std::vector<TimePoint> all;
        while (const auto due = schedule.take(start + 5s)) {
            all.push_back(due->meant);
            if (all.size() == 50) break;
        }
        return all;
    };
    EXPECT_EQ(times(1), times(1));
    EXPECT_NE(times(1), times(2));
}

// A machine that slept for an hour looks once at each endpoint when it wakes, not 360 times.
TEST(ProbeSchedule, DoesNotMakeUpForWhatItMissed) {
    ProbeSchedule schedule({.seed = 1, .jitter = 0});
    schedule.add(ProbeId(0), 10s, ProbePacing::fixed, start);
    const TimePoint first = schedule.next().value();
    EXPECT_EQ(schedule.take(start + 1h)->meant, first);
    EXPECT_FALSE(schedule.take(start + 1h));
    const Duration from_first = schedule.next().value() - first;
    EXPECT_EQ(from_first % 10s, 0s) << "still in its place of the interval";
}

TEST(ProbeSchedule, WaitsForTheAnswerWhereToldSo) {
    ProbeSchedule schedule({.seed = 1, .jitter = 0});
    schedule.add(ProbeId(0), 10s, ProbePacing::after_answer, start);
    ASSERT_TRUE(schedule.take(start + 10s));
    EXPECT_FALSE(schedule.next());
    schedule.answered(ProbeId(0), start + 14s);
    EXPECT_EQ(schedule.next(), start + 24s);
}

TEST(ProbeSchedule, ForgetsARemovedCheckAndReplansAChangedOne) {
    ProbeSchedule schedule({.seed = 1, .jitter = 0});
    schedule.add(ProbeId(0), 10s, ProbePacing::fixed, start);
    schedule.add(ProbeId(1), 10s, ProbePacing::fixed, start);
    schedule.add(ProbeId(1), 1s, ProbePacing::fixed, start);
    schedule.remove(ProbeId(0));
    int looks = 0;
    for (Duration at = 0s; at < 10s; at += 10ms) {
        while (const auto due = schedule.take(start + at)) {
            EXPECT_EQ(due->id, ProbeId(1));
            ++looks;
        }
    }
    EXPECT_EQ(looks, 10);
    schedule.remove(ProbeId(1));
    EXPECT_FALSE(schedule.next());
    schedule.answered(ProbeId(1), start);  // of a check that is gone
    EXPECT_FALSE(schedule.next());
}

}  // namespace
}  // namespace cloudshelf::core
