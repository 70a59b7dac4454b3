#include "sim/simulate.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

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

Survey survey(const SurveyOptions& options) {
    Survey all;
    std::mutex guard;
    std::atomic<std::uint64_t> next = options.first_seed;
    const std::uint64_t end = options.first_seed + options.seeds;
    const auto work = [&] {
        for (;;) {
            const std::uint64_t seed = next.fetch_add(1);
            if (seed >= end || (options.stop && options.stop())) return;
            const Verdicts verdicts = World(scenario_of(seed, options.planted)).run();
            const std::scoped_lock lock(guard);
            ++all.seeds;
            all.events += verdicts.events;
            for (const auto& what : verdicts.violations) all.failures.push_back({seed, what});
            for (const auto& [what, times] : verdicts.sometimes) all.sometimes[what] += times > 0 ? 1 : 0;
            all.transitions.insert(verdicts.transitions.begin(), verdicts.transitions.end());
            if (options.progress) options.progress(all.seeds);
            if (all.failures.size() >= options.failures_max) next = end;
        }
    };
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < options.threads; ++i) threads.emplace_back(work);
    work();
    threads.clear();
    std::ranges::sort(all.failures, {}, &Survey::Failure::seed);
    return all;
}

}  // namespace cloudshelf::sim
