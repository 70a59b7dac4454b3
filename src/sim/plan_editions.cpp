#include "sim/plan_editions.hpp"

#include <algorithm>
#include <set>

namespace cloudshelf::sim {

core::Procedure edition_of(core::Procedure procedure, int edition) {
    if (edition == 1) {
        std::set<std::string> left_out;
        for (core::Step& step : procedure.steps) {
            step.limit /= 2;
            if (!step.essential) left_out.insert(step.name);
        }
        std::erase_if(procedure.steps, [&](const core::Step& step) { return left_out.contains(step.name); });
        for (core::Step& step : procedure.steps)
            std::erase_if(step.after, [&](const std::string& name) { return left_out.contains(name); });
    }
    if (edition == 2) {
        const auto names = std::ranges::find(procedure.steps, "switch-traffic", &core::Step::name);
        if (names != procedure.steps.end()) names->approval = core::Approval::one;
    }
    return procedure;
}

}  // namespace cloudshelf::sim
