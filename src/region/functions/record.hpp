#pragma once

#include "base/result.hpp"
#include "region/functions/function.hpp"

#include <string>
#include <string_view>

/// A function as it is kept: JSON, its parts as the API writes them.
namespace cloudshelf::functions {

std::string encode_function(const Function& function);
/// Errors: "functions.bad-record".
Result<Function> decode_function(std::string_view record);

}  // namespace cloudshelf::functions
