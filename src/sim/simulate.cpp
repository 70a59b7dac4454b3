#include "sim/simulate.hpp"

namespace cloudshelf::sim {

Scenario scenario_of(std::uint64_t seed, Planted planted) {
    using Kind = Scenario::Kind;
    return {
        .seed = seed,
        .planted = planted,
        .kind = seed % 10 == 0   ? Kind::calm
                : seed % 10 == 5 ? Kind::mild
                                 : Kind::rough,
    };
}

void Survey::add(std::uint64_t seed, const Verdicts& verdicts) {
    ++seeds;
    events += verdicts.events;
    for (const auto& what : verdicts.violations) failures.push_back({seed, what});
    for (const auto& [what, times] : verdicts.sometimes) sometimes[what] += times > 0 ? 1 : 0;
    transitions.insert(verdicts.transitions.begin(), verdicts.transitions.end());
}

Survey survey(std::uint64_t first_seed, std::uint64_t seeds, Planted planted) {
    Survey all;
    for (std::uint64_t seed = first_seed; seed < first_seed + seeds && all.failures.empty(); ++seed)
        all.add(seed, World(scenario_of(seed, planted)).run());
    return all;
}

}  // namespace cloudshelf::sim
