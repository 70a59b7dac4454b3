#pragma once

#include "region/functions/function.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cloudshelf::functions {

/// Makes a version of what $LATEST is, or none where the newest version has the same code and configuration (their
/// descriptions are not compared). Answers that version's number.
std::string publish(Function& function, const std::optional<std::string>& description, std::int64_t now_ms);

}  // namespace cloudshelf::functions
