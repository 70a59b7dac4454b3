#include "core/timing.hpp"

#include "core/plan.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

TEST(Timing, BuiltInProfilesAreSound) {
    for (const auto name : built_in_profiles()) {
        for (const auto& problem : check(*built_in_timing(name))) ADD_FAILURE() << name << ": " << problem.field;
    }
    EXPECT_FALSE(built_in_timing("lam"));
}

TEST(Timing, ATakerOutwaitsTheHolder) {
    const auto lan = *built_in_timing("lan");
    EXPECT_EQ(holder_counts(lan), 600ms - 120us);
    EXPECT_EQ(taker_waits(lan), 600ms + 120us);
}

// Goal: each relation is held. Method: break one at a time and see the field named that has to change.
TEST(Timing, EachBrokenRelationIsNamed) {
    const auto only_problem = [](auto change) -> std::string {
        Timing timing = *built_in_timing("lan");
        change(timing);
        const auto problems = check(timing);
        return problems.empty() ? "none" : problems.front().field;
    };
    EXPECT_EQ(only_problem([](Timing&) {}), "none");
    EXPECT_EQ(only_problem([](Timing& t) { t.beat = 201ms; }), "beat");
    EXPECT_EQ(only_problem([](Timing& t) { t.beat = 200ms; }), "none");
    EXPECT_EQ(only_problem([](Timing& t) { t.fencer_margin = 300ms; }), "fencer-margin");
    EXPECT_EQ(only_problem([](Timing& t) { t.probe_timeout = 301ms; }), "probe-timeout");
    EXPECT_EQ(only_problem([](Timing& t) { t.hold_down = 599ms; }), "hold-down");
    EXPECT_EQ(only_problem([](Timing& t) { t.dns_ttl = 1500ms; }), "dns-ttl");
    EXPECT_EQ(only_problem([](Timing& t) { t.drift_ppm = 0; }), "drift-ppm");
    EXPECT_EQ(only_problem([](Timing& t) { t.failure_threshold = 0; }), "failure-threshold");
    EXPECT_EQ(only_problem([](Timing& t) { t.lease = 0ms; }), "lease");
}

// Goal: the sum is right. Method: figures worked out by hand; Route 53's is known: 102 s for a black-holed endpoint.
TEST(Timing, WorstCaseAddsUp) {
    EXPECT_EQ(detection_worst_case(*built_in_timing("lan")), 600ms);
    EXPECT_EQ(detection_worst_case(*built_in_timing("route53")), 102s);
    const std::vector<PathStep> path{{"promote-database", 5s}, {"switch-traffic", 2s}};
    const auto worst = worst_case(*built_in_timing("lan"), path);
    EXPECT_EQ(worst.total, 700ms + 120us + 5s + 2s + 1s);  // The lease's wait outlasts detection.
    EXPECT_FALSE(worst.terms[0].counts);
    EXPECT_TRUE(worst.terms[1].counts);
    EXPECT_EQ(worst_case(*built_in_timing("route53"), std::span<const PathStep>()).total, 102s + 60s);
}

TEST(Timing, DurationsReadWell) {
    EXPECT_EQ(format_duration(0ms), "0 ms");
    EXPECT_EQ(format_duration(600ms), "600 ms");
    EXPECT_EQ(format_duration(700120us), "700.12 ms");
    EXPECT_EQ(format_duration(8700120us), "8.70012 s");
    EXPECT_EQ(format_duration(90min), "1 h 30 min");
    EXPECT_EQ(format_duration(24h), "24 h");
    EXPECT_EQ(format_duration(30 * 24h), "30 d");
    EXPECT_EQ(format_duration(61s), "1 min 1 s");
}

Step step(std::string name, Action action, std::vector<std::string> after, Duration limit) {
    Step made;
    made.name = std::move(name);
    made.action = action;
    made.after = std::move(after);
    made.limit = limit;
    return made;
}

Procedure failover() {
    return {
        .name = "failover",
        .mode = ProcedureMode::disaster,
        .steps =
            {
                step("fence", Action::fence_old_writer, {}, 60s),
                step("prepare", Action::prepare, {}, 1s),
                step("promote", Action::promote_database, {"fence", "prepare"}, 5s),
                step("point", Action::point_functions, {"promote"}, 1s),
                step("warm", Action::warm_functions, {"promote"}, 2s),
                step("traffic", Action::switch_traffic, {"point", "warm"}, 2s),
                step("notify", Action::notify, {"traffic"}, 30s),
            }
    };
}

TEST(Procedure, CriticalPathTakesTheSlowerBranch) {
    const Procedure procedure = failover();
    std::string names;
    for (const Step* on_path : critical_path(procedure)) names += on_path->name + " ";
    EXPECT_EQ(names, "prepare promote warm traffic notify ");
    EXPECT_EQ(waves(procedure).size(), 5U);
    EXPECT_EQ(waves(procedure)[0].size(), 2U);
    EXPECT_EQ(worst_case(*built_in_timing("lan"), procedure).total, 700ms + 120us + 1s + 5s + 2s + 2s + 1s);
}

TEST(Procedure, CyclesAreNamed) {
    Procedure procedure = failover();
    EXPECT_TRUE(find_cycle(procedure.steps).empty());
    procedure.steps[1].after = {"warm"};
    EXPECT_EQ(find_cycle(procedure.steps), (std::vector<std::string>{"prepare", "promote", "warm"}));
    procedure.steps[1].after = {"prepare"};
    EXPECT_EQ(find_cycle(procedure.steps), (std::vector<std::string>{"prepare"}));
}

}  // namespace
}  // namespace cloudshelf::core
