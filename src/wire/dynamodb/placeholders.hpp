#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/attribute_value.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::dynamodb {

/// ExpressionAttributeNames and ExpressionAttributeValues of one request, and which of them its expressions used.
class Placeholders {
public:
    /// From the request's two members, null where it hasn't them. Errors: ValidationException for empty maps, keys that
    /// are none ("… contains invalid key: Syntax error; key: \"x\"") and invalid values; SerializationException.
    static Result<Placeholders> read(const boost::json::value* names, const boost::json::value* values);

    /// For trees made by hand: "#n" and a name, ":v" and a value.
    void add_name(std::string placeholder, std::string name);
    void add_value(std::string placeholder, AttributeValue value);

    /// What a placeholder stands for, marked as used; null where it is not defined.
    const std::string* name(std::string_view placeholder);
    const AttributeValue* value(std::string_view placeholder);

    bool has_names() const { return !names_.empty(); }
    bool has_values() const { return !values_.empty(); }

    /// To be asked after all expressions of the request were read. Errors: ValidationException "Value provided in
    /// ExpressionAttributeNames unused in expressions: keys: {#x}".
    Result<void> all_used() const;

private:
    template <class T>
    struct Defined {
        std::string placeholder;
        T meaning;
        bool used = false;
    };
    std::vector<Defined<std::string>> names_;
    std::vector<Defined<AttributeValue>> values_;
};

}  // namespace cloudshelf::dynamodb
