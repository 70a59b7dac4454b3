#pragma once

#include "core/plan.hpp"

#include <string>

namespace cloudshelf::plan {

/// The plan in words and numbers: regions, objectives, graph of steps, the profile's arithmetic, what each safety
/// policy costs, and what the money adds up to. The same plan gives the same text.
std::string explain(const core::Plan& plan);

/// The same for programs.
std::string explain_json(const core::Plan& plan);

}  // namespace cloudshelf::plan
