#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/attribute_value.hpp"

#include <cstddef>
#include <string_view>

namespace cloudshelf::dynamodb {

inline constexpr std::size_t item_bytes_max = 400 * 1024;
inline constexpr std::size_t attribute_name_bytes_max = 65535;
inline constexpr std::string_view name_too_long = "Attribute name is too large, must be less than 65536 bytes";
inline constexpr int nesting_max = 32;  // a list or map in the item itself is level 1
inline constexpr std::size_t expression_bytes_max = 4096;

/// Sizes in bytes as DynamoDB documents them ("Item sizes and formats"): names and values; they decide limits and
/// capacity units.
std::size_t size_of(const AttributeValue& value);
std::size_t size_of(const Item& item);

/// Errors: ValidationException "Item size has exceeded the maximum allowed size".
Result<void> check_item_size(const Item& item);

}  // namespace cloudshelf::dynamodb
