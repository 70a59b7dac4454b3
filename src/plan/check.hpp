#pragma once

#include "core/plan.hpp"

#include <functional>
#include <string>

namespace cloudshelf::plan {

/// What the checks call for each mistake: path, found, expected, hint.
using Report = std::function<void(std::string, std::string, std::string, std::string)>;
/// Whether everything at this path, and in it, could be read.
using Readable = std::function<bool(const std::string&)>;

/// Everything that concerns more than one value: names, references, roles, graphs, time-outs, objectives.
/// Values that could not be read are empty and are passed over.
void check_plan(const core::Plan& plan, const Readable& readable, const Report& report);

}  // namespace cloudshelf::plan
