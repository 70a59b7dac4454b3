#pragma once

#include "base/random.hpp"
#include "sim/scenario.hpp"

namespace cloudshelf::sim {

/// Draws what goes wrong around one moment, and nothing else, in which one guard stands alone: what usually covers for
/// it was taken away before. Worlds of trouble at random times hardly ever get there, since several guards have to be
/// gone at once, in that order, within one lease. The profile is drawn, too.
void draw_worst_moment(Scenario& scenario, Random& random);

}  // namespace cloudshelf::sim
