#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace cloudshelf::s3 {

/// A request's headers in their order, as they came.
using HeaderList = std::span<const std::pair<std::string, std::string>>;

/// The value of the first header of that name (case does not matter), without blanks at its ends.
std::optional<std::string_view> find_header(HeaderList headers, std::string_view name);

/// The same, or an empty text.
std::string_view header_or_empty(HeaderList headers, std::string_view name);

}  // namespace cloudshelf::s3
