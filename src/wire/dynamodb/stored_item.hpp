#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/attribute_value.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::dynamodb {

/// An item as bytes for storage. The first byte is the format's version; equal items have equal bytes.
std::string encode_item(const Item& item);
void append_item(std::string& to, const Item& item);

/// The opposite. Errors: "dynamodb.bad-item" for bytes that `encode_item` does not make.
Result<Item> decode_item(std::string_view bytes);

/// One attribute of an encoded item, without decoding the others. Errors: "dynamodb.bad-item".
Result<std::optional<AttributeValue>> decode_attribute(std::string_view bytes, std::string_view name);

}  // namespace cloudshelf::dynamodb
