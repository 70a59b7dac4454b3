#include "sim/simulate.hpp"

#include "sim/draw.hpp"
#include "sim/minimise.hpp"

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
    const Survey all = survey(1, sanitized ? 20 : 400);
    for (const auto& failure : all.failures) ADD_FAILURE() << "seed " << failure.seed << ": " << failure.what;
    // Worlds in which nothing happens would prove nothing.
    for (const char* rare : {"the writer moved", "an execution was resumed", "the store elected another leader"})
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
    const Scenario scenario = draw_scenario(7);
    EXPECT_EQ(scenario, draw_scenario(7));
    const Verdicts first = World(scenario, {.trace = true}).run();
    const Verdicts second = World(scenario, {.trace = true}).run();
    EXPECT_EQ(first.trace, second.trace);
    EXPECT_EQ(first.hash, second.hash);
    EXPECT_FALSE(first.trace.empty());
}

}  // namespace
}  // namespace cloudshelf::sim
