#include "core/execution.hpp"

#include "core/procedures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1000s};

Execution make(const std::string& procedure, const std::string& guard = "") {
    const Procedure chosen = procedure == "failover" ? reference_failover() : reference_failback();
    return *Execution::make(
        {.id = "x1", .procedure = procedure, .mode = mode_of(chosen), .epoch = Epoch(2), .guard = guard},
        steps_of(chosen)
    );
}

/// What a run did: names of performed actions, in order; a number of events after which the controller dies.
struct Outcome {
    std::vector<std::string> performed;  // "promote-database/promote-database"
    ExecutionState state = ExecutionState::running;
    int finished = 0;
};

/// Carries an execution out. `fails`: the step that fails, for good. `dies_after`: events until the controller is
/// killed; another one goes on from what was saved last.
Outcome carry_out(Execution execution, const std::string& fails = "", int dies_after = -1) {
    Outcome run;
    std::string saved;
    std::deque<Perform> work;
    TimePoint now = start;
    const auto obey = [&](const std::vector<ExecutionCommand>& commands) {
        for (const auto& command : commands) {
            if (std::holds_alternative<Save>(command)) saved = execution.to_json();
            if (const auto* what = std::get_if<Perform>(&command)) work.push_back(*what);
            if (std::holds_alternative<Finished>(command)) ++run.finished;
        }
    };
    obey(execution.step(Begin{}, now));
    for (int events = 0; !work.empty() && events < 200; ++events) {
        now += 10ms;
        const Perform what = work.front();
        work.pop_front();
        run.performed.push_back(what.step + "/" + what.action);
        if (events == dies_after) {
            // Its effect happened, its answer was never heard.
            execution = *Execution::from_json(saved);
            work.clear();
            obey(execution.resume(now));
            continue;
        }
        if (what.step == fails && !what.action.starts_with("resume-")) {
            obey(execution.step(StepFailed{what.step, "broken", true}, now));
        } else {
            obey(execution.step(StepDone{what.step}, now));
        }
    }
    run.state = execution.state();
    EXPECT_TRUE(execution.ended());
    return run;
}

std::size_t count(const Outcome& run, const std::string& what) {
    return static_cast<std::size_t>(std::ranges::count(run.performed, what));
}

TEST(Execution, RunsInOrder) {
    const Outcome run = carry_out(make("failover"));
    EXPECT_EQ(run.state, ExecutionState::succeeded);
    EXPECT_EQ(run.finished, 1);
    EXPECT_EQ(run.performed.front(), "fence-old-writer/fence-old-writer");
    const auto at = [&](const char* what) { return std::ranges::find(run.performed, what) - run.performed.begin(); };
    EXPECT_LT(at("promote-database/promote-database"), at("switch-traffic/switch-traffic"));
    EXPECT_LT(at("smoke-tests/smoke-tests"), at("switch-traffic/switch-traffic"));
    EXPECT_EQ(run.performed.size(), 9u);
}

// Goal: every execution ends, whatever step fails; traffic never moves to what was not promoted and tried.
TEST(Execution, EndsWhateverStepFails) {
    for (const char* procedure : {"failover", "failback"}) {
        const Execution whole = make(procedure);
        for (const auto& step : whole.steps()) {
            SCOPED_TRACE(std::string(procedure) + " " + step.spec.name);
            const Outcome run = carry_out(make(procedure), step.spec.name);
            EXPECT_EQ(run.finished, 1);
            const bool may_fail = std::string(procedure) == "failover" && !step.spec.essential;
            EXPECT_EQ(run.state, may_fail ? ExecutionState::succeeded : ExecutionState::failed);
            const bool before_traffic =
                step.spec.name != "switch-traffic" && step.spec.name != "verify-outside" && step.spec.name != "notify";
            if (!may_fail && before_traffic) EXPECT_EQ(count(run, "switch-traffic/switch-traffic"), 0u);
        }
    }
}

// Goal: a controller of this release goes on with what one of the next release began: what it does not know is passed
// over, in the header, in a step and beside them.
TEST(Execution, AnEntryOfTheNextReleaseIsRead) {
    const Execution ours = make("failover");
    std::string text = ours.to_json();
    const auto add = [&](const std::string& before, const std::string& more) {
        const auto at = text.find(before);
        ASSERT_NE(at, std::string::npos);
        text.insert(at, more);
    };
    add("\"id\"", "\"format\": 1, \"simulated\": {\"seed\": 7, \"faults\": [null]},");
    add("\"name\"", "\"runs_at\": [\"us-west-2\"], \"budget\": 1.5,");
    add("\"notes\"", "\"approved_plan\": null,");
    const auto read = Execution::from_json(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->to_json(), ours.to_json());
    EXPECT_EQ(carry_out(*read).state, ExecutionState::succeeded);
}

// Goal: a planned move that fails half way gives the old writer back, once for each step that needs it.
TEST(Execution, UndoesBackwards) {
    const Outcome run = carry_out(make("failback"), "take-lease");
    const std::vector<std::string> tail(run.performed.end() - 2, run.performed.end());
    EXPECT_EQ(tail, (std::vector<std::string>{"demote-writer/resume-old-writer", "pause-writes/resume-writes"}));
    EXPECT_EQ(run.state, ExecutionState::failed);
}

// Goal: the controller may die after each single step; the next one ends the execution, and repeats only what was under
// way. Method: kill it after each event in turn.
TEST(Execution, SurvivesItsController) {
    for (const char* procedure : {"failover", "failback"}) {
        const std::size_t steps = make(procedure).steps().size();
        for (int dies = 0; dies < static_cast<int>(steps); ++dies) {
            SCOPED_TRACE(std::string(procedure) + " dies after " + std::to_string(dies));
            const Outcome run = carry_out(make(procedure), "", dies);
            EXPECT_EQ(run.state, ExecutionState::succeeded);
            EXPECT_EQ(run.finished, 1);
            for (const auto& what : run.performed) EXPECT_LE(count(run, what), 2u) << what;
            EXPECT_LE(run.performed.size(), steps + 2);
        }
    }
}

TEST(Execution, WaitsForAPerson) {
    Execution execution = make("failover", "guard.sync-degraded: …");
    const auto begun = execution.step(Begin{}, start);
    EXPECT_EQ(begun.size(), 1u);  // saved, and nothing performed
    EXPECT_EQ(execution.state(), ExecutionState::waiting_for_approval);
    const auto approved = execution.step(Approved{"somebody"}, start + 1s);
    EXPECT_TRUE(std::ranges::any_of(approved, [](const auto& command) {
        return std::holds_alternative<Perform>(command);
    }));
    EXPECT_EQ(execution.header().notes.at("approved-by"), "somebody");
}

// Goal: a step that two persons have to allow begins only when two different ones have, also across a controller's end.
TEST(Execution, AStepWaitsForTwoPersons) {
    std::vector<StepSpec> steps = {
        {.name = "look", .action = "look"}, {.name = "act", .action = "act", .after = {"look"}, .approvals = 2}
    };
    Execution execution = *Execution::make({.id = "x1", .mode = Mode::planned}, std::move(steps));
    const auto performs = [](const std::vector<ExecutionCommand>& commands) {
        return std::ranges::count_if(commands, [](const auto& c) { return std::holds_alternative<Perform>(c); });
    };
    execution.step(Begin{}, start);
    EXPECT_EQ(performs(execution.step(StepDone{"look"}, start + 1s)), 0);
    EXPECT_TRUE(execution.waits_for_approval());
    EXPECT_EQ(performs(execution.step(Approved{"ada"}, start + 2s)), 0);
    EXPECT_EQ(performs(execution.step(Approved{"ada"}, start + 3s)), 0);  // the same person again
    execution = *Execution::from_json(execution.to_json());
    EXPECT_EQ(performs(execution.resume(start + 4s)), 0);
    EXPECT_EQ(performs(execution.step(Approved{"grace"}, start + 5s)), 1);
    EXPECT_FALSE(execution.waits_for_approval());
    execution.step(StepDone{"act"}, start + 6s);
    EXPECT_EQ(execution.state(), ExecutionState::succeeded);
}

// Goal: an operator turns a planned move into a disaster's in the middle; the stricter way only before anything began.
TEST(Execution, ConvertsMidway) {
    Execution execution = make("failback");
    execution.step(Begin{}, start);
    EXPECT_TRUE(execution.convert(Mode::disaster));
    EXPECT_FALSE(execution.convert(Mode::planned));
    Execution fresh = make("failover", "guard.confirm: …");
    EXPECT_TRUE(fresh.convert(Mode::planned));
}

// Goal: retries stop when the step's limit is used up, however many are left.
TEST(Execution, RetriesStayWithinTheLimit) {
    Execution execution = *Execution::make(
        {.id = "x1"}, {{.name = "a", .action = "a", .limit = 1s, .attempts_max = 1000, .retry_delay = 100ms}}
    );
    execution.step(Begin{}, start);
    int attempts = 1;
    for (Duration at = 50ms; execution.state() == ExecutionState::running && at < 5s; at += 150ms) {
        for (const auto& command : execution.step(StepFailed{"a", "no", true}, start + at)) {
            const auto* what = std::get_if<Perform>(&command);
            if (!what) continue;
            ++attempts;
            EXPECT_EQ(what->delay, 100ms);
            EXPECT_LE(at + what->delay + what->limit, 1s);
        }
    }
    EXPECT_EQ(execution.state(), ExecutionState::failed);
    EXPECT_EQ(attempts, 7);
}

TEST(Execution, IsCancelledOnlyBeforeItBegan) {
    Execution waiting = make("failover", "guard.confirm: …");
    waiting.step(Begin{}, start);
    waiting.step(Cancelled{"healthy again"}, start + 1s);
    EXPECT_EQ(waiting.state(), ExecutionState::failed);
    Execution running = make("failover");
    running.step(Begin{}, start);
    EXPECT_TRUE(running.step(Cancelled{"too late"}, start + 1s).empty());
    EXPECT_EQ(running.state(), ExecutionState::running);
}

TEST(Execution, AStepThatNeverAnswersFails) {
    Execution execution = make("failover");
    execution.step(Begin{}, start);
    for (Duration after = 100ms; after < 65s; after += 100ms) execution.step(Look{}, start + after);
    EXPECT_EQ(execution.state(), ExecutionState::failed);
}

// Goal: a controller that sleeps for minutes in the middle of a step does not blame the step.
TEST(Execution, SleepIsNotLateness) {
    Execution execution = make("failover");
    execution.step(Begin{}, start);
    execution.step(Look{}, start + 100ms);
    execution.step(Look{}, start + 5min);
    EXPECT_EQ(execution.state(), ExecutionState::running);
    execution.step(StepDone{"fence-old-writer"}, start + 5min + 10ms);
    EXPECT_EQ(execution.steps()[0].state, StepState::succeeded);
}

TEST(Execution, RefusesBadGraphs) {
    const auto make_of = [](std::vector<StepSpec> steps) { return Execution::make({.id = "x"}, std::move(steps)); };
    EXPECT_FALSE(make_of({{.name = "a", .after = {"b"}}, {.name = "b", .after = {"a"}}}));
    EXPECT_FALSE(make_of({{.name = "a", .after = {"nothing"}}}));
    EXPECT_FALSE(make_of({{.name = "a"}, {.name = "a"}}));
    EXPECT_TRUE(make_of({{.name = "a"}, {.name = "b", .after = {"a"}}}));
}

}  // namespace
}  // namespace cloudshelf::core
