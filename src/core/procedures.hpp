#pragma once

#include "core/execution.hpp"

#include <vector>

namespace cloudshelf::core {

/// What a step may take, by the plan's profile.
struct ProcedureLimits {
    Duration lease_wait{};  // until the lease can be taken, with room to spare
    Duration promotion = std::chrono::seconds(30);
    Duration traffic = std::chrono::seconds(10);
    Duration smoke_tests = std::chrono::seconds(20);
};

/// The unplanned move: fence, promote, point, try, switch, verify, tell.
std::vector<StepSpec> failover_steps(const ProcedureLimits& limits);

/// The planned move, nothing lost: writes pause, positions become equal, roles change, writes resume.
std::vector<StepSpec> switchover_steps(const ProcedureLimits& limits);

}  // namespace cloudshelf::core
