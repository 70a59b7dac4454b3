#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/attribute_value.hpp"

#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace cloudshelf::dynamodb {

/// A request's body. Refuses what Boost.JSON alone would take: an object with one key twice, and depth that no request
/// needs. Errors: SerializationException. Give it a monotonic resource; the value lives no longer than that.
Result<boost::json::value> parse_body(std::string_view text, boost::json::storage_ptr storage = {});

/// `{"S": "x"}` and so on. Errors: SerializationException where the JSON's shape is wrong, ValidationException where
/// the value is (empty or repeated set members, no number, no or several types, nested too deep).
Result<AttributeValue> read_value(const boost::json::value& json);
/// `{"name": {"S": "x"}, …}`; errors as above. Says nothing about sizes or keys.
Result<Item> read_item(const boost::json::value& json);

/// Appends JSON text, names in order.
void append_json(std::string& to, const AttributeValue& value);
void append_json(std::string& to, const Item& item);
std::string to_json(const AttributeValue& value);
std::string to_json(const Item& item);

/// Appends a JSON string with its quotes.
void append_json_string(std::string& to, std::string_view text);

}  // namespace cloudshelf::dynamodb
