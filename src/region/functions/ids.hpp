#pragma once

#include <string>

namespace cloudshelf::functions {

/// A random UUID (RFC 9562, version 4), from the kernel. Any thread.
std::string draw_uuid();

/// Uniform in [0, 1). Any thread.
double draw_unit();

}  // namespace cloudshelf::functions
