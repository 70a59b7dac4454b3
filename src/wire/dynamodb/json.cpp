#include "wire/dynamodb/json.hpp"

#include "base/base64.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/limits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace cloudshelf::dynamodb {
namespace {

namespace json = boost::json;

/// What AWS's reader calls the JSON token that it didn't expect.
Error not_convertible(const json::value& found, std::string_view wanted) {
    switch (found.kind()) {
        case json::kind::array:
            return errors::serialization("Start of list found where not expected");
        case json::kind::object:
            return errors::serialization("Start of structure or map found where not expected");
        case json::kind::string:
            return errors::serialization(fmt::format("STRING_VALUE cannot be converted to {}", wanted));
        case json::kind::bool_:
            return errors::serialization(
                fmt::format("{} cannot be converted to {}", found.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE", wanted)
            );
        case json::kind::double_:
            return errors::serialization(fmt::format("DECIMAL_VALUE cannot be converted to {}", wanted));
        default:
            return errors::serialization(fmt::format("NUMBER_VALUE cannot be converted to {}", wanted));
    }
}

Result<std::string> read_string(const json::value& found) {
    if (const auto* text = found.if_string()) return std::string(text->data(), text->size());
    return fail(not_convertible(found, "String"));
}

Result<Number> read_number(const json::value& found) {
    if (const auto* text = found.if_string()) return Number::parse({text->data(), text->size()});
    return fail(not_convertible(found, "String"));
}

Result<Binary> read_binary(const json::value& found) {
    const auto* text = found.if_string();
    if (!text) return fail(not_convertible(found, "Blob"));
    auto bytes = from_base64({text->data(), text->size()});
    if (bytes) return Binary{std::move(*bytes)};
    const auto cannot = [&](const std::string& why) {
        return fail(errors::serialization(
            fmt::format("'{}' can not be converted to a Blob: {}", std::string_view(text->data(), text->size()), why)
        ));
    };
    if (text->size() % 4 != 0) {
        return cannot(fmt::format("Base64 encoded length is expected a multiple of 4 bytes but found: {}", text->size())
        );
    }
    constexpr auto alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    const auto bad = text->find_first_not_of(alphabet);
    if (bad != json::string::npos) return cannot(fmt::format("Invalid Base64 character: '{}'", (*text)[bad]));
    return cannot("Invalid last non-pad Base64 character dectected");  // as DynamoDB spells it
}

template <class Member>
Result<std::vector<Member>> read_members(const json::value& found, Result<Member> (*read)(const json::value&)) {
    const auto* array = found.if_array();
    if (!array) return fail(errors::serialization("Unexpected field type"));
    std::vector<Member> members;
    members.reserve(array->size());
    for (const json::value& each : *array) {
        auto member = read(each);
        if (!member) return fail(std::move(member.error()));
        members.push_back(std::move(*member));
    }
    return members;
}

/// The members as they came, for the message.
std::string list_of(const json::value& found) {
    std::vector<std::string_view> members;
    for (const json::value& each : found.get_array())
        members.emplace_back(each.get_string().data(), each.get_string().size());
    return fmt::format("[{}]", fmt::join(members, ", "));
}

template <class Member>
Result<AttributeValue> read_set(
    const json::value& found, Result<Member> (*read)(const json::value&), std::string_view when_empty, auto&& when_twice
) {
    auto members = read_members(found, read);
    if (!members) return fail(std::move(members.error()));
    if (members->empty()) return fail(errors::invalid_parameter(when_empty));
    auto set = SetOf<Member>::of(std::move(*members));
    if (!set) return fail(when_twice());
    return std::move(*set);
}

Result<AttributeValue> read_value(const json::value& json, int level);

Result<Map> read_map(const json::value& found, int level) {
    const auto* object = found.if_object();
    if (!object) return fail(errors::serialization("Unexpected field type"));
    std::vector<Attribute> attributes;
    attributes.reserve(object->size());
    for (const auto& [name, json] : *object) {
        if (name.empty()) return fail(errors::invalid_parameter("An attribute name must not be empty"));
        if (name.size() > attribute_name_bytes_max) return fail(errors::invalid_parameter(name_too_long));
        auto value = read_value(json, level);
        if (!value) return fail(std::move(value.error()));
        attributes.push_back({std::string(name), std::move(*value)});
    }
    auto map = Map::of(std::move(attributes));
    if (!map) return fail(errors::serialization());  // a parser other than ours let a key pass twice
    return std::move(*map);
}

template <class T>
Result<AttributeValue> as_value(Result<T> read) {
    if (!read) return fail(std::move(read.error()));
    return std::move(*read);
}

Result<AttributeValue> read_list(const json::value& found, int level) {
    const auto* array = found.if_array();
    if (!array) return fail(errors::serialization("Unexpected field type"));
    List list;
    list.values.reserve(array->size());
    for (const json::value& each : *array) {
        auto value = read_value(each, level);
        if (!value) return value;
        list.values.push_back(std::move(*value));
    }
    return list;
}

Result<AttributeValue> read_typed(Type type, const json::value& found, int level) {
    switch (type) {
        case Type::S:
            return as_value(read_string(found));
        case Type::N:
            return as_value(read_number(found));
        case Type::B:
            return as_value(read_binary(found));
        case Type::SS:
            return read_set<std::string>(found, read_string, "An string set  may not be empty", [&] {
                return errors::invalid_parameter(fmt::format("Input collection {} contains duplicates.", list_of(found))
                );
            });
        case Type::NS:
            return read_set<Number>(found, read_number, "An number set  may not be empty", [] {
                return errors::validation("Input collection contains duplicates");
            });
        case Type::BS:
            return read_set<Binary>(found, read_binary, "Binary sets should not be empty", [&] {
                return errors::invalid_parameter(
                    fmt::format("Input collection {}of type BS contains duplicates.", list_of(found))
                );
            });
        case Type::M:
            return as_value(read_map(found, level + 1));
        case Type::L:
            return read_list(found, level + 1);
        case Type::BOOL:
            if (const bool* yes = found.if_bool()) return *yes;
            return fail(not_convertible(found, "Boolean"));
        case Type::NUL:
            if (!found.is_bool()) return fail(not_convertible(found, "Boolean"));
            if (found.get_bool()) return Null{};
            return fail(errors::invalid_parameter("Null attribute value types must have the value of true"));
    }
    std::unreachable();
}

Result<AttributeValue> read_value(const json::value& json, int level) {
    const auto* object = json.if_object();
    if (!object) {
        if (json.is_array())
            return fail(errors::serialization("Unrecognized collection type class java.util.ArrayList"));
        return fail(errors::serialization("Unexpected value type in payload"));
    }
    if (level > nesting_max) return fail(errors::validation("Nesting Levels have exceeded supported limits"));
    std::optional<AttributeValue> value;
    for (const auto& [name, found] : *object) {
        const auto type = type_named({name.data(), name.size()});
        if (!type || found.is_null()) continue;  // members that aren't known are passed over, as by AWS
        if (value) {
            return fail(
                errors::validation("Supplied AttributeValue has more than one datatypes set, must contain exactly "
                                   "one of the supported datatypes")
            );
        }
        auto read = read_typed(*type, found, level);
        if (!read) return read;
        value = std::move(*read);
    }
    if (value) return std::move(*value);
    return fail(
        errors::validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
    );
}

struct Writer {
    std::string& to;

    void member(const std::string& text) const { append_json_string(to, text); }
    void member(const Number& number) const {
        to += '"';
        number.append_text(to);
        to += '"';
    }
    void member(const Binary& binary) const {
        to += '"';
        to += base64(binary.bytes);
        to += '"';
    }
    void member(const AttributeValue& value) const { append_json(to, value); }
    void members(const auto& all) const {
        to += '[';
        for (bool first = true; const auto& each : all) {
            if (!std::exchange(first, false)) to += ',';
            member(each);
        }
        to += ']';
    }

    void operator()(const std::string& text) const { member(text); }
    void operator()(const Number& number) const { member(number); }
    void operator()(const Binary& binary) const { member(binary); }
    template <class Member>
    void operator()(const SetOf<Member>& set) const {
        members(set.members());
    }
    void operator()(const Map& map) const { append_json(to, map); }
    void operator()(const List& list) const { members(list.values); }
    void operator()(bool yes) const { to += yes ? "true" : "false"; }
    void operator()(Null) const { to += "true"; }
};

}  // namespace

Result<AttributeValue> read_value(const json::value& json) {
    return read_value(json, 0);
}

Result<Item> read_item(const json::value& json) {
    return read_map(json, 0);
}

void append_json(std::string& to, const AttributeValue& value) {
    to.append("{\"").append(to_string(value.type())).append("\":");
    std::visit(Writer{to}, value.any());
    to += '}';
}

void append_json(std::string& to, const Item& item) {
    to += '{';
    for (bool first = true; const auto& [name, value] : item.attributes()) {
        if (!std::exchange(first, false)) to += ',';
        append_json_string(to, name);
        to += ':';
        append_json(to, value);
    }
    to += '}';
}

std::string to_json(const AttributeValue& value) {
    std::string text;
    append_json(text, value);
    return text;
}

std::string to_json(const Item& item) {
    std::string text;
    append_json(text, item);
    return text;
}

void append_json_string(std::string& to, std::string_view text) {
    to += '"';
    std::size_t plain = 0;  // from here on, nothing was written yet
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        to.append(text.substr(plain, at - plain));
        plain = at + 1;
        switch (c) {
            case '"':
                to += "\\\"";
                break;
            case '\\':
                to += "\\\\";
                break;
            case '\n':
                to += "\\n";
                break;
            case '\r':
                to += "\\r";
                break;
            case '\t':
                to += "\\t";
                break;
            default:
                fmt::format_to(std::back_inserter(to), "\\u{:04x}", c);
        }
    }
    to.append(text.substr(plain)).append(1, '"');
}

}  // namespace cloudshelf::dynamodb
