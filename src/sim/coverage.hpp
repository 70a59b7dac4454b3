#pragma once

#include <set>
#include <string>

namespace cloudshelf::sim {

/// Every transition of the core's state machines that a world can note: "role.rejoin", "step.promote-database.failed".
std::set<std::string> transitions_there_are();

/// Why no world of the simulator can ever make that one; empty: some should.
std::string why_never(const std::string& transition);

}  // namespace cloudshelf::sim
