#pragma once

#include "sim/world.hpp"

namespace cloudshelf::sim {

/// What a failing scenario comes down to.
struct Minimal {
    Scenario scenario;
    Verdicts verdicts;         // of it, with a trace
    std::uint64_t worlds = 0;  // that were tried
};

/// Leaves out faults, and what else can be left out, for as long as the same invariant breaks ("loss", "writers", …).
Minimal minimise(Scenario failing, Planted planted = Planted::nothing);

/// What happens in it and how it ends, for a person: faults in order, then what broke.
std::string story_of(const Minimal& minimal);

}  // namespace cloudshelf::sim
