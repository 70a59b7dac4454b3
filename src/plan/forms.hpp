#pragma once

#include "core/plan.hpp"

#include <string>

namespace cloudshelf::plan {

/// The plan's content in one line of JSON, keys in the order of the format, with the profile's figures: what is
/// digested.
std::string content_json(const core::Plan& plan);

}  // namespace cloudshelf::plan
