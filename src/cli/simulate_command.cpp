// simulate: the core in many worlds that only exist in virtual time, each from a seed or a scenario file.
#include "cli/command.hpp"
#include "io/file.hpp"
#include "sim/coverage.hpp"
#include "sim/draw.hpp"
#include "sim/judge.hpp"
#include "sim/minimise.hpp"
#include "sim/scenario_file.hpp"
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
    std::string scenario;    // a file instead of a seed
    std::string save;        // where the scenario is left
    bool trace = false;
    bool transitions = false;
    unsigned threads = std::thread::hardware_concurrency();
};

double in_seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

json::object report_of(const sim::Scenario& scenario, const sim::Verdicts& verdicts) {
    return {
        {"seed", scenario.seed},
        {"hash", fmt::format("{:016x}", verdicts.hash)},
        {"events", verdicts.events},
        {"simulated_seconds", in_seconds(verdicts.simulated)},
        {"writable_after_seconds", in_seconds(verdicts.writable_after)},
        {"violations", json::value_from(verdicts.violations)},
        {"sometimes", json::value_from(verdicts.sometimes)},
        {"trace", json::value_from(verdicts.trace)},
    };
}

bool save(const std::string& file, const sim::Scenario& scenario) {
    if (file.empty()) return true;
    const auto written = io::replace_file(file, sim::to_yaml(scenario));
    if (!written) fmt::print(stderr, "cloudshelf simulate: {}: {}\n", file, written.error().message);
    return written.has_value();
}

/// What failed, as short as it can be made: its story, and with --trace every event of it.
void explain_failure(const Simulation& wanted, sim::Scenario failing) {
    fmt::print("making it shorter …\n");
    sim::Minimal minimal = sim::minimise(std::move(failing));
    minimal.scenario.about = minimal.verdicts.violations.empty() ? "" : minimal.verdicts.violations.front();
    if (wanted.trace) {
        for (const auto& line : minimal.verdicts.trace) fmt::print("{}\n", line);
    }
    fmt::print(
        "{} faults are enough ({} worlds tried), {}",
        minimal.scenario.faults.size(),
        minimal.worlds,
        sim::story_of(minimal)
    );
    if (save(wanted.save, minimal.scenario) && !wanted.save.empty())
        fmt::print("kept in {}: `cloudshelf simulate --scenario {} --trace` shows it\n", wanted.save, wanted.save);
}

Exit one_world(const Simulation& wanted, const Common& common, const sim::Scenario& scenario) {
    const sim::Verdicts verdicts = sim::World(scenario, {.trace = wanted.trace}).run();
    const bool held = verdicts.violations.empty();
    if (common.json) {
        fmt::print("{}\n", json::serialize(report_of(scenario, verdicts)));
        return held && save(wanted.save, scenario) ? ok : not_met;
    }
    const std::string whose = wanted.scenario.empty() ? fmt::format("seed {}", wanted.seed) : wanted.scenario;
    if (held) {
        for (const auto& line : verdicts.trace) fmt::print("{}\n", line);
        fmt::print("{}: every invariant held (hash {:016x})\n", whose, verdicts.hash);
        return save(wanted.save, scenario) ? ok : not_met;
    }
    for (const auto& what : verdicts.violations) fmt::print("{}: violated: {}\n", whose, what);
    explain_failure(wanted, scenario);
    return not_met;
}

Exit scenario_file(const Simulation& wanted, const Common& common) {
    const auto text = io::read_file(wanted.scenario);
    if (!text) {
        fmt::print(stderr, "cloudshelf simulate: {}: {}\n", wanted.scenario, text.error().message);
        return no_input;
    }
    const auto scenario = sim::read_scenario(*text, wanted.scenario);
    if (!scenario) {
        for (const auto& problem : scenario.error()) fmt::print(stderr, "{}\n", plan::to_string(problem));
        return bad_plan;
    }
    return one_world(wanted, common, *scenario);
}

void print_survey(const Simulation& wanted, const sim::Survey& all, double took) {
    for (const auto& failure : all.failures) {
        fmt::print(
            "seed {}: {}; `cloudshelf simulate --seed {} --trace` shows it\n", failure.seed, failure.what, failure.seed
        );
    }
    fmt::print(
        "{} worlds from seed {} ({:.0f} h simulated), {} events, {:.1f} s: {} broke an invariant\n",
        all.seeds,
        wanted.first_seed,
        in_seconds(all.simulated) / 3600,
        all.events,
        took,
        all.failures.size()
    );
    for (const auto& [profile, longest] : all.writable_after) {
        fmt::print(
            "{}: written to again within {:.1f} s of the last fault, at most (bound: {:.0f} s)\n",
            profile,
            in_seconds(longest),
            in_seconds(sim::liveness_bound(profile))
        );
    }
    fmt::print("worlds in which it happened:\n");
    for (const auto& [what, times] : all.sometimes) fmt::print("  {:>7}  {}\n", times, what);
    const auto there_are = sim::transitions_there_are();
    fmt::print("{} of {} transitions visited; not these:\n", all.transitions.size(), there_are.size());
    for (const auto& transition : there_are) {
        if (all.transitions.contains(transition)) continue;
        const std::string never = sim::why_never(transition);
        fmt::print("  {}: {}\n", transition, never.empty() ? "not in these worlds" : never);
    }
    if (!wanted.transitions) return;
    fmt::print("transitions visited:\n");
    for (const auto& transition : all.transitions) fmt::print("  {}\n", transition);
}

void print_survey_as_json(const Simulation& wanted, const sim::Survey& all, double took) {
    json::array failures;
    for (const auto& failure : all.failures) failures.push_back({{"seed", failure.seed}, {"what", failure.what}});
    json::object recovery;
    for (const auto& [profile, longest] : all.writable_after) recovery[profile] = in_seconds(longest);
    fmt::print(
        "{}\n",
        json::serialize(json::object{
            {"first_seed", wanted.first_seed},
            {"seeds", all.seeds},
            {"events", all.events},
            {"simulated_seconds", in_seconds(all.simulated)},
            {"seconds", took},
            {"hash", fmt::format("{:016x}", all.hash)},
            {"writable_after_seconds", std::move(recovery)},
            {"failures", std::move(failures)},
            {"sometimes", json::value_from(all.sometimes)},
            {"transitions", json::value_from(all.transitions)},
        })
    );
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
        print_survey_as_json(wanted, all, took);
    } else {
        print_survey(wanted, all, took);
        if (!all.failures.empty()) explain_failure(wanted, sim::draw_scenario(all.failures.front().seed));
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
    auto* file = command->add_option("--scenario", wanted->scenario, "the world of this file alone")->excludes(seed);
    command->add_option(
        "--save", wanted->save, "leave the scenario in this file; of one that fails, the shortest that still does"
    );
    command->add_flag("--trace", wanted->trace, "what happened, with --seed or --scenario");
    command->add_flag("--transitions", wanted->transitions, "list the transitions that were visited");
    command->add_option("--threads", wanted->threads, "how many worlds at once")->check(CLI::Range(1, 256));
    command->footer(
        "Examples: cloudshelf simulate --seeds 10000\n"
        "          cloudshelf simulate --seed 4711 --trace\n"
        "          cloudshelf simulate --scenario tests/scenarios/partition-of-43-s.yaml"
    );
    command->callback([=, &status] {
        if (file->count() > 0) {
            status = scenario_file(*wanted, *common);
        } else if (seed->count() > 0) {
            status = one_world(*wanted, *common, sim::draw_scenario(wanted->seed));
        } else {
            status = many_worlds(*wanted, *common);
        }
    });
}

}  // namespace cloudshelf::cli
