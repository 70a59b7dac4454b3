#pragma once

#include <string_view>

namespace cloudshelf::dynamodb {

/// Whether a name may not stand in an expression as it is, in any case of letters.
bool is_reserved_word(std::string_view name);

}  // namespace cloudshelf::dynamodb
