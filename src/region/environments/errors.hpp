#pragma once

#include "base/result.hpp"

#include <string_view>

namespace cloudshelf::functions {

/// The function's limit, or the host's, is reached: not done.
Error throttled(std::string_view why);
/// Not done; unknown when the function had already begun.
Error stopping(Certainty certainty);

}  // namespace cloudshelf::functions
