// simulate: the core in many worlds that only exist in virtual time, each from a seed.
#include "cli/command.hpp"
#include "sim/draw.hpp"
#include "sim/simulate.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <thread>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

std::atomic<bool> stopped_by_person = false;

struct Simulation {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 10'000;
    std::uint64_t seed = 0;  // one alone
    bool trace = false;
    bool transitions = false;
    unsigned threads = std::thread::hardware_concurrency();
};

Exit one_world(const Simulation& wanted, const Common& common) {
    const sim::Scenario scenario = sim::draw_scenario(wanted.seed);
    const sim::Verdicts verdicts = sim::World(scenario, {.trace = wanted.trace}).run();
    if (common.json) {
        fmt::print(
            "{}\n",
            json::serialize(json::object{
                {"seed", wanted.seed},
                {"hash", fmt::format("{:016x}", verdicts.hash)},
                {"events", verdicts.events},
                {"violations", json::value_from(verdicts.violations)},
                {"sometimes", json::value_from(verdicts.sometimes)},
                {"trace", json::value_from(verdicts.trace)},
            })
        );
        return verdicts.violations.empty() ? ok : not_met;
    }
    for (const auto& line : verdicts.trace) fmt::print("{}\n", line);
    for (const auto& what : verdicts.violations) fmt::print("violated: {}\n", what);
    if (verdicts.violations.empty()) fmt::print("seed {}: every invariant held\n", wanted.seed);
    return verdicts.violations.empty() ? ok : not_met;
}

Exit many_worlds(const Simulation& wanted, const Common& common) {
    std::signal(SIGINT, [](int) { stopped_by_person = true; });
    const auto begun = std::chrono::steady_clock::now();
    const bool shows = is_terminal() && !common.json;
    constexpr std::size_t failures_max = 10;  // then it is enough
    sim::Survey all;
    std::mutex guard;
    std::atomic<std::uint64_t> next = wanted.first_seed;
    const std::uint64_t end = wanted.first_seed + wanted.seeds;
    const auto work = [&] {
        while (!stopped_by_person) {
            const std::uint64_t seed = next.fetch_add(1);
            if (seed >= end) return;
            const sim::Scenario scenario = sim::draw_scenario(seed);
            const sim::Verdicts verdicts = sim::World(scenario, {}).run();
            const std::scoped_lock lock(guard);
            all.add(scenario, verdicts);
            if (shows && all.seeds % 100 == 0) fmt::print(stderr, "\r{} of {} worlds", all.seeds, wanted.seeds);
            if (all.failures.size() >= failures_max) next = end;
        }
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < wanted.threads; ++i) threads.emplace_back(work);
    }
    std::ranges::sort(all.failures, {}, &sim::Survey::Failure::seed);
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    if (shows) fmt::print(stderr, "\r");
    if (common.json) {
        json::array failures;
        for (const auto& failure : all.failures) failures.push_back({{"seed", failure.seed}, {"what", failure.what}});
        fmt::print(
            "{}\n",
            json::serialize(json::object{
                {"first_seed", wanted.first_seed},
                {"seeds", all.seeds},
                {"events", all.events},
                {"seconds", took},
                {"failures", std::move(failures)},
                {"sometimes", json::value_from(all.sometimes)},
                {"transitions", json::value_from(all.transitions)},
            })
        );
    } else {
        for (const auto& failure : all.failures) {
            fmt::print(
                "seed {}: {}; `cloudshelf simulate --seed {} --trace` shows it\n",
                failure.seed,
                failure.what,
                failure.seed
            );
        }
        fmt::print(
            "{} worlds, {} events, {:.1f} s: {} broke an invariant\n", all.seeds, all.events, took, all.failures.size()
        );
        fmt::print("worlds in which it happened:\n");
        for (const auto& [what, times] : all.sometimes) fmt::print("  {:>7}  {}\n", times, what);
        if (wanted.transitions) {
            fmt::print("transitions visited:\n");
            for (const auto& transition : all.transitions) fmt::print("  {}\n", transition);
        }
    }
    if (stopped_by_person) return interrupted;
    return all.failures.empty() ? ok : not_met;
}

}  // namespace

void add_simulate(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("simulate", "the same decisions in thousands of worlds of virtual time");
    auto common = std::make_shared<Common>();
    auto wanted = std::make_shared<Simulation>();
    command->add_flag("--json", common->json, "machine-readable output");
    command->add_option("--seeds", wanted->seeds, "how many worlds")
        ->capture_default_str()
        ->check(CLI::Range(1, 100'000'000));
    command->add_option("--first-seed", wanted->first_seed, "the first of them")->capture_default_str();
    auto* seed = command->add_option("--seed", wanted->seed, "one world alone");
    command->add_flag("--trace", wanted->trace, "what happened in it, with --seed")->needs(seed);
    command->add_flag("--transitions", wanted->transitions, "list the transitions that were visited");
    command->add_option("--threads", wanted->threads, "how many worlds at once")->check(CLI::Range(1, 256));
    command->footer("Examples: cloudshelf simulate --seeds 10000\n          cloudshelf simulate --seed 4711 --trace");
    command->callback([=, &status] {
        status = wanted->seed != 0 ? one_world(*wanted, *common) : many_worlds(*wanted, *common);
    });
}

}  // namespace cloudshelf::cli
