#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/attribute_value.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::dynamodb {

struct KeyAttribute {
    std::string name;
    Type type = Type::S;  // S, N or B
    bool operator==(const KeyAttribute&) const = default;
};

/// A table's or an index's key.
struct KeySchema {
    KeyAttribute hash;
    std::optional<KeyAttribute> sort;
    bool operator==(const KeySchema&) const = default;
};

inline constexpr std::size_t hash_key_bytes_max = 2048;
inline constexpr std::size_t sort_key_bytes_max = 1024;

/// Appends a key value (S, N or B) as self-delimiting bytes in the order of the values: what follows never disturbs it.
/// In S and B each zero byte costs one more, and the end two.
void append_key(std::string& to, const AttributeValue& value);

/// Takes one value of that type off the front; nothing where the bytes are not what `append_key` makes.
std::optional<AttributeValue> take_key(std::string_view& bytes, Type type);

/// The bytes that all keys beginning with this S or B begin with (`append_key` without its end).
void append_key_prefix(std::string& to, const AttributeValue& value);

/// The smallest byte string behind all that begin with `prefix`; nothing where there is none (all 0xff).
std::optional<std::string> behind_prefix(std::string prefix);

/// Checks the `Key` of a request: exactly the key's attributes, of the right types and sizes.
/// Errors: ValidationException, "The provided key element does not match the schema" and the rest as below.
Result<void> check_key(const Map& key, const KeySchema& schema);

/// Checks the key attributes of a whole item. Errors: ValidationException "… Missing the key p in the item",
/// "… Type mismatch for key p expected: S actual: N", and those of empty and too long values.
Result<void> check_item_key(const Item& item, const KeySchema& schema);

/// For index keys: like `check_item_key`, but an absent attribute is no error: the item isn't in the index.
/// Errors name the index: "… Type mismatch for Index Key p Expected: S Actual: N IndexName: i".
Result<void> check_index_key(const Item& item, const KeySchema& schema, std::string_view index_name);

/// The key attributes of an item. Precondition: `check_item_key` found nothing.
Map key_of(const Item& item, const KeySchema& schema);

}  // namespace cloudshelf::dynamodb
