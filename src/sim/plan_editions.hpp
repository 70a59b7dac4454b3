#pragma once

#include "core/plan.hpp"

namespace cloudshelf::sim {

inline constexpr int plan_editions = 3;

/// A procedure as an edition of the plan has it: 0 as it is; 1 without the steps that are not essential, and with
/// shorter limits; 2 with a person's word before the names are switched.
core::Procedure edition_of(core::Procedure procedure, int edition);

}  // namespace cloudshelf::sim
