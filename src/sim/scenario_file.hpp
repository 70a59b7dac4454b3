#pragma once

#include "plan/load.hpp"
#include "sim/scenario.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::sim {

/// Reads a scenario (YAML): all problems of the text at once, each with its place. Nothing is guessed: an unknown key,
/// a field that the fault does not have, and one that it lacks are problems. `file` is only for messages.
std::expected<Scenario, std::vector<plan::Problem>> read_scenario(std::string_view text, std::string_view file);

/// The same scenario as text: reading it back gives the same.
std::string to_yaml(const Scenario& scenario);

}  // namespace cloudshelf::sim
