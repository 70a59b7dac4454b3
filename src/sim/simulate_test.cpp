#include "sim/simulate.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace cloudshelf::sim {
namespace {

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool sanitized = true;  // ten times slower: fewer worlds, and no hunt
#else
constexpr bool sanitized = false;
#endif

// Goal: whatever a world does, every invariant holds. The whole survey is `cloudshelf simulate`.
TEST(Simulation, HoldsInManyWorlds) {
    const Survey all = survey(1, sanitized ? 40 : 400);
    for (const auto& failure : all.failures) ADD_FAILURE() << "seed " << failure.seed << ": " << failure.what;
    // Worlds in which nothing happens would prove nothing.
    for (const char* rare : {"the writer moved", "a process slept for seconds", "an execution was resumed"})
        EXPECT_GT(all.sometimes.contains(rare) ? all.sometimes.at(rare) : 0, 0u) << rare;
}

// Goal: the simulator finds bugs. Method: each of these is planted alone, and some world has to show it.
TEST(Simulation, FindsEveryPlantedBug) {
    if (sanitized) GTEST_SKIP() << "not with sanitizers";
    for (std::size_t i = 1; i < planted_names.size(); ++i) {
        const Survey all = survey(1, 2000, static_cast<Planted>(i));
        EXPECT_FALSE(all.failures.empty()) << planted_names[i];
        if (all.failures.empty()) continue;
        fmt::print("{:<44} seed {:>4}: {}\n", planted_names[i], all.failures[0].seed, all.failures[0].what);
    }
}

// Goal: a seed is a world: the same one every time.
TEST(Simulation, IsDeterministic) {
    Scenario scenario = scenario_of(7);
    scenario.trace = true;
    const Verdicts first = World(scenario).run();
    const Verdicts second = World(scenario).run();
    EXPECT_EQ(first.trace, second.trace);
    EXPECT_EQ(first.events, second.events);
    EXPECT_FALSE(first.trace.empty());
}

}  // namespace
}  // namespace cloudshelf::sim
