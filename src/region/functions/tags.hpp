#pragma once

#include "base/result.hpp"

#include <map>
#include <string>

namespace cloudshelf::functions {

/// Whether tags may be added to those that are there: 50 of them, keys of 1 to 128 characters that do not begin with
/// "aws:", values of up to 256. Errors: InvalidParameterValueException.
Result<void> check_tags(const std::map<std::string, std::string>& added, std::map<std::string, std::string> present);

}  // namespace cloudshelf::functions
