#include "sim/coverage.hpp"

#include "core/detection.hpp"
#include "core/execution.hpp"
#include "core/procedures.hpp"
#include "core/region_role.hpp"

#include <map>

namespace cloudshelf::sim {

std::set<std::string> transitions_there_are() {
    using core::ExecutionState;
    using core::NextMove;
    using core::StepState;
    using core::Verdict;
    std::set<std::string> all{"lease.lost", "stay.writer-not-down"};
    for (const char* guard : {"no-lease", "store-forgot", "move-under-way", "region-down", "no-standby", "hold-down"})
        all.insert(std::string("stay.guard.") + guard);
    for (int i = 0; i <= static_cast<int>(Verdict::unreachable_but_streaming); ++i)
        all.insert(std::string("verdict.") + core::name(static_cast<Verdict>(i)));
    for (int i = 0; i <= static_cast<int>(NextMove::stop_writing); ++i)
        all.insert(std::string("role.") + core::name(static_cast<NextMove>(i)));
    for (int i = 0; i <= static_cast<int>(ExecutionState::failed); ++i)
        all.insert(std::string("execution.") + core::name(static_cast<ExecutionState>(i)));
    for (const auto& procedure : {core::reference_failover(), core::reference_failback()}) {
        for (const auto& step : procedure.steps) {
            const auto add = [&](StepState state) { all.insert("step." + step.name + "." + core::name(state)); };
            for (const StepState state : {StepState::running, StepState::succeeded, StepState::failed}) add(state);
            if (!step.undo) continue;
            add(StepState::undoing);
            add(StepState::undone);
        }
    }
    all.insert(std::string("step.switch-traffic.") + core::name(StepState::waiting_for_approval));
    return all;
}

std::string why_never(const std::string& transition) {
    static const std::map<std::string, std::string> reasons{
        {"role.initialize", "worlds begin with a database"},
        {"stay.guard.no-lease", "worlds begin with a lease, and a leader has read it"},
        {"step.notify.failed", "notifying is not modelled: it always succeeds"},
        {"step.warm-functions.failed", "warming functions is not modelled: it always succeeds"},
        {"step.prepare-switchover.failed", "a checkpoint before a switchover is not modelled: it always succeeds"},
    };
    const auto found = reasons.find(transition);
    return found == reasons.end() ? "" : found->second;
}

}  // namespace cloudshelf::sim
