#include "sim/simulate.hpp"

#include "sim/draw.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace cloudshelf::sim {

using namespace std::chrono_literals;

void Survey::add(const Scenario& scenario, const Verdicts& verdicts) {
    ++seeds;
    events += verdicts.events;
    simulated += verdicts.simulated;
    hash += verdicts.hash;
    for (const auto& what : verdicts.violations) failures.push_back({scenario.seed, what});
    for (const auto& [what, times] : verdicts.sometimes) sometimes[what] += times > 0 ? 1 : 0;
    transitions.insert(verdicts.transitions.begin(), verdicts.transitions.end());
    if (scenario.stays_lost) return;  // some of them can never be written to again
    writable_after[scenario.profile] = std::max(writable_after[scenario.profile], verdicts.writable_after);
}

Survey survey(std::uint64_t first_seed, std::uint64_t seeds, Planted planted) {
    Survey all;
    for (std::uint64_t seed = first_seed; seed < first_seed + seeds && all.failures.empty(); ++seed) {
        const Scenario scenario = draw_scenario(seed);
        all.add(scenario, World(scenario, {.planted = planted}).run());
    }
    return all;
}

Survey survey(const WorldsAtOnce& wanted) {
    Survey all;
    std::mutex guard;
    const std::uint64_t end = wanted.first_seed + wanted.seeds;
    std::atomic<std::uint64_t> next = wanted.first_seed;
    const auto work = [&] {
        for (std::uint64_t seed = next.fetch_add(1); seed < end; seed = next.fetch_add(1)) {
            const Scenario scenario = draw_scenario(seed);
            const Verdicts verdicts = World(scenario, {}).run();
            const std::scoped_lock lock(guard);
            all.add(scenario, verdicts);
            const bool goes_on = !wanted.done || wanted.done(all.seeds);
            if (!goes_on || all.failures.size() >= wanted.failures_max) next = end;
        }
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < std::max(wanted.threads, 1u); ++i) threads.emplace_back(work);
    }
    std::ranges::sort(all.failures, {}, &Survey::Failure::seed);
    return all;
}

}  // namespace cloudshelf::sim
