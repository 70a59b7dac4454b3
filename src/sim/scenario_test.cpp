#include "sim/draw.hpp"
#include "sim/minimise.hpp"
#include "sim/scenario_file.hpp"
#include "sim/simulate.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace cloudshelf::sim {
namespace {

const std::filesystem::path scenarios = std::filesystem::path(SOURCE_ROOT) / "tests/scenarios";

std::string content(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

// Goal: the incidents that are known, and what once failed, end well. Each file says what it is about.
TEST(Scenarios, AllThatAreKeptEndWell) {
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(scenarios)) {
        if (entry.path().extension() == ".yaml") files.insert(entry.path());
    }
    EXPECT_GE(files.size(), 10u);
    for (const auto& file : files) {
        const std::string name = file.filename().string();
        const auto scenario = read_scenario(content(file), name);
        if (!scenario) {
            for (const auto& problem : scenario.error()) ADD_FAILURE() << plan::to_string(problem);
            continue;
        }
        EXPECT_FALSE(scenario->about.empty()) << name;
        const Verdicts verdicts = World(*scenario, {}).run();
        for (const auto& what : verdicts.violations) ADD_FAILURE() << name << ": " << what;
    }
}

// Goal: what is written down is what is read back, of every kind of fault.
TEST(Scenarios, AreReadAsTheyWereWritten) {
    std::set<FaultKind> seen;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        const Scenario drawn = draw_scenario(seed);
        const auto read = read_scenario(to_yaml(drawn), "drawn");
        ASSERT_TRUE(read) << plan::to_string(read.error().front());
        ASSERT_EQ(*read, drawn) << "seed " << seed;
        for (const Fault& fault : drawn.faults) seen.insert(fault.what);
    }
    for (const FaultForm& form : fault_forms()) EXPECT_TRUE(seen.contains(form.kind)) << form.name << " is never drawn";
}

// Goal: nothing is guessed. Method: one mistake at a time, each with its place and what was expected.
TEST(Scenarios, AFileIsReadStrictly) {
    struct Case {
        std::string text;
        std::string said;
    };
    const Case cases[] = {
        {"sed: 1", "x.yaml:1:1: sed: found 'sed', expected no such key here"},
        {"seed: -1", "x.yaml:1:7: seed: found '-1', expected a whole number from 0 to"},
        {"profile: moon", "x.yaml:1:10: profile: found 'moon', expected lan, wan or route53"},
        {"faults: [{at: 1 s, what: cutt}]", "faults[0].what: found 'cutt', expected one of lose-site,"},
        {"faults: [{at: 1 s, what: elect, site: leader}]", "faults[0].site: found 'site', expected no such key here"},
        {"faults: [{at: 1 s, what: isolate, site: leader}]", "faults[0]: found a map, expected a key 'for'"},
        {"faults: [{at: soon, what: elect}]", "x.yaml:1:15: faults[0].at: found 'soon', expected a duration"},
        {"faults: [{at: 1 s, what: elect, step: notify, moment: now, execution: 1}]", "expected begins or ends"},
        {"workloads: [{name: bank}]", "workloads[0].name: found 'bank', expected shopper"},
        {"stays-lost: writer", "stays-lost: found 'writer', expected us-east-1, us-west-2 or us-east-2"},
        {"expect: [peace]", "expect[0]: found 'peace', expected nothing-moves"},
        {"- 1", "x.yaml:1:1: found a list, expected a map"},
    };
    for (const auto& [text, said] : cases) {
        const auto read = read_scenario(text, "x.yaml");
        ASSERT_FALSE(read) << text;
        const std::string problem = plan::to_string(read.error().front());
        EXPECT_NE(problem.find(said), std::string::npos) << problem << "\n" << said;
    }
}

// Goal: of a world that fails only what it takes is left, and it still fails, in the same way.
TEST(Scenarios, AFailingOneIsMadeShort) {
    const Planted planted = Planted::restart_opens_as_it_was;
    const Survey all = survey(1, 2000, planted);
    ASSERT_FALSE(all.failures.empty());
    const Scenario failing = draw_scenario(all.failures.front().seed);
    const Minimal minimal = minimise(failing, planted);
    ASSERT_FALSE(minimal.verdicts.violations.empty());
    EXPECT_LT(minimal.scenario.faults.size(), failing.faults.size());
    EXPECT_LE(minimal.scenario.faults.size(), 5u);
    EXPECT_NE(story_of(minimal).find("is lost"), std::string::npos) << story_of(minimal);
    EXPECT_TRUE(World(minimal.scenario, {}).run().violations.empty()) << "without the bug all is well";
}

// Goal: a seed is the same world on every machine, in every build. Method: digests of some, kept in a file; whoever
// changes what decides, or the model, writes them anew: CLOUDSHELF_REWRITE=1.
TEST(Scenarios, SeedsAreTheSameWorldEverywhere) {
    const auto file = scenarios / "hashes.txt";
    std::string found = "# seed, digest of everything that happened in its world\n";
    for (const std::uint64_t seed : {1, 2, 3, 5, 8, 10, 13, 21, 34, 55})
        found += fmt::format("{} {:016x}\n", seed, World(draw_scenario(seed), {}).run().hash);
    if (std::getenv("CLOUDSHELF_REWRITE")) std::ofstream(file) << found;
    EXPECT_EQ(found, content(file));
}

}  // namespace
}  // namespace cloudshelf::sim
