#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf {

/// Base64 with padding (RFC 4648 §4).
std::string base64(std::string_view bytes);

/// The opposite; nothing where the text is not exactly what `base64` makes.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace cloudshelf
