#include "sim/simulate.hpp"

#include "sim/draw.hpp"

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

}  // namespace cloudshelf::sim
