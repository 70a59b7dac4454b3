#include "wire/dynamodb/key.hpp"

#include "wire/dynamodb/errors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::dynamodb {
namespace {

// A zero byte is written as 00 ff and the end as 00 00, so that the end sorts before whatever might follow.
void append_escaped(std::string& to, std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto zero = std::min(text.find('\0', at), text.size());
        to.append(text.substr(at, zero - at));
        if (zero < text.size()) to.append("\0\xff", 2);
        at = zero + 1;
    }
}

std::optional<std::string> take_escaped(std::string_view& bytes) {
    std::string text;
    for (std::size_t at = 0;;) {
        const auto zero = bytes.find('\0', at);
        if (zero == std::string_view::npos || zero + 1 == bytes.size()) return std::nullopt;
        text.append(bytes.substr(at, zero - at));
        if (bytes[zero + 1] == '\0') {
            bytes.remove_prefix(zero + 2);
            return text;
        }
        if (bytes[zero + 1] != '\xff') return std::nullopt;
        text += '\0';
        at = zero + 2;
    }
}

std::string_view bytes_of(const AttributeValue& value) {
    if (const auto* text = value.get<std::string>()) return *text;
    if (const auto* binary = value.get<Binary>()) return binary->bytes;
    return {};
}

enum class Part : bool { hash, sort };

Result<void> check_size(const AttributeValue& value, std::string_view name, Part part) {
    if (value.is(Type::N)) return {};
    const std::size_t bytes = bytes_of(value).size();
    if (bytes == 0) {
        return fail(errors::validation(fmt::format(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            "empty "
            "{} value. Key: {}",
            value.is(Type::S) ? "string" : "binary",
            name
        )));
    }
    if (part == Part::hash && bytes > hash_key_bytes_max) {  // DynamoDB leaves out the blank too
        return fail(errors::invalid_parameter("Size of hashkey has exceeded the maximum size limit of2048 bytes"));
    }
    if (part == Part::sort && bytes > sort_key_bytes_max) {
        return fail(
            errors::invalid_parameter("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
        );
    }
    return {};
}

Result<void> check_item_attribute(const Item& item, const KeyAttribute& key, Part part) {
    const AttributeValue* value = item.find(key.name);
    if (!value) return fail(errors::invalid_parameter(fmt::format("Missing the key {} in the item", key.name)));
    if (!value->is(key.type)) {
        return fail(errors::invalid_parameter(fmt::format(
            "Type mismatch for key {} expected: {} actual: {}", key.name, to_string(key.type), to_string(value->type())
        )));
    }
    return check_size(*value, key.name, part);
}

Result<void> check_index_attribute(const Item& item, const KeyAttribute& key, Part part, std::string_view index_name) {
    const AttributeValue* value = item.find(key.name);
    if (!value) return {};
    if (!value->is(key.type)) {
        return fail(errors::invalid_parameter(fmt::format(
            "Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {}",
            key.name,
            to_string(key.type),
            to_string(value->type()),
            index_name
        )));
    }
    if (!value->is(Type::N) && bytes_of(*value).empty()) {
        return fail(errors::validation(fmt::format(
            "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
            "The AttributeValue for a key attribute cannot contain an empty {} value. IndexName: {}, IndexKey: {}",
            value->is(Type::S) ? "string" : "binary",
            index_name,
            key.name
        )));
    }
    return check_size(*value, key.name, part);
}

}  // namespace

void append_key_prefix(std::string& to, const AttributeValue& value) {
    append_escaped(to, bytes_of(value));
}

void append_key(std::string& to, const AttributeValue& value) {
    if (const auto* number = value.get<Number>()) return number->append_ordered(to);
    append_key_prefix(to, value);
    to.append(2, '\0');
}

std::optional<AttributeValue> take_key(std::string_view& bytes, Type type) {
    if (type == Type::N) {
        const auto number = Number::take_ordered(bytes);
        if (!number) return std::nullopt;
        return *number;
    }
    auto text = take_escaped(bytes);
    if (!text) return std::nullopt;
    if (type == Type::S) return std::move(*text);
    if (type == Type::B) return Binary{std::move(*text)};
    return std::nullopt;
}

std::optional<std::string> behind_prefix(std::string prefix) {
    while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
    if (prefix.empty()) return std::nullopt;
    ++prefix.back();
    return prefix;
}

Result<void> check_key(const Map& key, const KeySchema& schema) {
    const auto fits = [&](const KeyAttribute& attribute) {
        const AttributeValue* value = key.find(attribute.name);
        return value && value->is(attribute.type);
    };
    if (key.size() != (schema.sort ? 2 : 1) || !fits(schema.hash) || (schema.sort && !fits(*schema.sort))) {
        return fail(errors::validation("The provided key element does not match the schema"));
    }
    return check_item_key(key, schema);
}

Result<void> check_item_key(const Item& item, const KeySchema& schema) {
    if (auto checked = check_item_attribute(item, schema.hash, Part::hash); !checked || !schema.sort) return checked;
    return check_item_attribute(item, *schema.sort, Part::sort);
}

Result<void> check_index_key(const Item& item, const KeySchema& schema, std::string_view index_name) {
    auto checked = check_index_attribute(item, schema.hash, Part::hash, index_name);
    if (!checked || !schema.sort) return checked;
    return check_index_attribute(item, *schema.sort, Part::sort, index_name);
}

Map key_of(const Item& item, const KeySchema& schema) {
    Map key;
    key.set(schema.hash.name, *item.find(schema.hash.name));
    if (schema.sort) key.set(schema.sort->name, *item.find(schema.sort->name));
    return key;
}

}  // namespace cloudshelf::dynamodb
