#pragma once

#include <string>
#include <string_view>

namespace cloudshelf {

/// The bytes as lower-case hexadecimal digits.
std::string hex(std::string_view bytes);

}  // namespace cloudshelf
