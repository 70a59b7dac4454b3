#pragma once

#include "core/execution.hpp"
#include "core/plan.hpp"

#include <vector>

namespace cloudshelf::core {

/// A plan's procedure as the engine runs it.
std::vector<StepSpec> steps_of(const Procedure& procedure);
Mode mode_of(const Procedure& procedure);

/// The two procedures that the reference plan has, for the simulator and for tests: the unplanned move (fence, promote,
/// point, try, switch, verify, tell) and the planned one, in which writes pause, positions become equal, roles change
/// and writes resume.
Procedure reference_failover();
Procedure reference_failback();

}  // namespace cloudshelf::core
