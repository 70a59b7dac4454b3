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

/// Whose nameserver it is, in a move.
enum class NameserverOf { target, witness, old_writer };
/// Whether switching traffic waits for a nameserver. The new region's always has to answer the new address; the
/// witness's where its agent can be asked to (`answers`); the old region's, and who cannot be asked, are brought along
/// when they come back: until then they send customers to a region that turns writes away.
bool has_to_follow(NameserverOf whose, bool answers);

}  // namespace cloudshelf::core
