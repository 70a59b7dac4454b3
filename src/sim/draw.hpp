#pragma once

#include "sim/scenario.hpp"

#include <cstdint>

namespace cloudshelf::sim {

/// The scenario of a seed. Of ten, one is calm (pauses of 200 ms), one mild (single links are cut, controllers sleep),
/// and eight are rough; every fourth lasts ten minutes, in the `wan` profile.
Scenario draw_scenario(std::uint64_t seed);

}  // namespace cloudshelf::sim
