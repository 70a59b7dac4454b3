#include "core/procedures.hpp"

namespace cloudshelf::core {

using namespace std::chrono_literals;

std::vector<StepSpec> steps_of(const Procedure& procedure) {
    std::vector<StepSpec> steps;
    for (const Step& step : procedure.steps) {
        steps.push_back({
            .name = step.name,
            .action = std::string(name_of(step.action)),
            .after = step.after,
            .limit = step.limit,
            .attempts_max = step.retries + 1,
            .retry_delay = step.retry_delay,
            .approvals = static_cast<int>(step.approval),
            .essential = step.essential,
            .undo = step.undo ? std::string(name_of(*step.undo)) : std::string(),
        });
    }
    return steps;
}

Mode mode_of(const Procedure& procedure) {
    return procedure.mode == ProcedureMode::planned ? Mode::planned : Mode::disaster;
}

namespace {

Step step(Action action, std::vector<std::string> after, Duration limit, int retries, Duration delay) {
    return {
        .name = std::string(name_of(action)),
        .action = action,
        .after = std::move(after),
        .limit = limit,
        .retries = retries,
        .retry_delay = delay,
    };
}

Step optional(Step step) {
    step.essential = false;
    return step;
}

Step undone_by(Step step, Action undo) {
    step.undo = undo;
    return step;
}

}  // namespace

Procedure reference_failover() {
    return {
        .name = "failover",
        .mode = ProcedureMode::disaster,
        .steps =
            {
                step(Action::fence_old_writer, {}, 60s, 100, 20ms),
                optional(step(Action::prepare, {}, 5s, 0, 0ms)),
                step(Action::promote_database, {"fence-old-writer", "prepare"}, 60s, 100, 50ms),
                step(Action::point_functions, {"promote-database"}, 10s, 3, 100ms),
                optional(step(Action::warm_functions, {"promote-database"}, 10s, 0, 0ms)),
                step(Action::smoke_tests, {"point-functions", "warm-functions"}, 20s, 10, 100ms),
                step(Action::switch_traffic, {"smoke-tests"}, 20s, 50, 100ms),
                optional(step(Action::verify_outside, {"switch-traffic"}, 60s, 100, 50ms)),
                optional(step(Action::notify, {"verify-outside"}, 30s, 3, 1s)),
            },
    };
}

Procedure reference_failback() {
    return {
        .name = "failback",
        .mode = ProcedureMode::planned,
        .steps =
            {
                step(Action::check_preconditions, {}, 10s, 0, 0ms),
                step(Action::prepare_switchover, {"check-preconditions"}, 30s, 1, 100ms),
                undone_by(step(Action::pause_writes, {"prepare-switchover"}, 5s, 0, 0ms), Action::resume_writes),
                undone_by(step(Action::demote_writer, {"pause-writes"}, 20s, 100, 100ms), Action::resume_old_writer),
                step(Action::take_lease, {"demote-writer"}, 10s, 100, 20ms),
                step(Action::promote_database, {"take-lease"}, 60s, 100, 50ms),
                step(Action::point_functions, {"promote-database"}, 10s, 3, 100ms),
                step(Action::smoke_tests, {"point-functions"}, 20s, 10, 100ms),
                step(Action::switch_traffic, {"smoke-tests"}, 20s, 50, 100ms),
                step(Action::verify_outside, {"switch-traffic"}, 60s, 100, 50ms),
                optional(step(Action::notify, {"verify-outside"}, 30s, 3, 1s)),
            },
    };
}

bool has_to_follow(NameserverOf whose, bool answers) {
    if (whose == NameserverOf::target) return true;
    return whose == NameserverOf::witness && answers;
}

}  // namespace cloudshelf::core
