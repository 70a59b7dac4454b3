#include "wire/dynamodb/placeholders.hpp"

#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/limits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace cloudshelf::dynamodb {
namespace {

bool is_placeholder(std::string_view text, char sign) {
    return text.size() > 1 && text[0] == sign && std::ranges::all_of(text.substr(1), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

Result<const boost::json::object*> check_map(const boost::json::value& json, std::string_view parameter, char sign) {
    const auto* object = json.if_object();
    if (!object) return fail(errors::serialization("Unexpected field type"));
    if (object->empty()) return fail(errors::validation(fmt::format("{} must not be empty", parameter)));
    for (const auto& [key, value] : *object) {
        if (is_placeholder(std::string_view(key), sign)) continue;
        return fail(errors::validation(
            fmt::format("{} contains invalid key: Syntax error; key: \"{}\"", parameter, std::string_view(key))
        ));
    }
    return object;
}

auto* find_in(auto& defined, std::string_view placeholder) {
    const auto at =
        std::ranges::find(defined, placeholder, [](const auto& d) { return std::string_view(d.placeholder); });
    if (at != defined.end()) at->used = true;
    return at == defined.end() ? nullptr : &at->meaning;
}

Result<void> all_used_of(const auto& defined, std::string_view parameter) {
    std::vector<std::string_view> unused;
    for (const auto& each : defined) {
        if (!each.used) unused.push_back(each.placeholder);
    }
    if (unused.empty()) return {};
    return fail(errors::validation(
        fmt::format("Value provided in {} unused in expressions: keys: {{{}}}", parameter, fmt::join(unused, ", "))
    ));
}

}  // namespace

Result<Placeholders> Placeholders::read(const boost::json::value* names, const boost::json::value* values) {
    Placeholders placeholders;
    if (names && !names->is_null()) {
        const auto object = check_map(*names, "ExpressionAttributeNames", '#');
        if (!object) return fail(object.error());
        for (const auto& [key, value] : **object) {
            const auto* name = value.if_string();
            if (!name) return fail(errors::serialization("Unexpected field type"));
            if (name->empty()) {
                return fail(errors::validation(fmt::format(
                    "ExpressionAttributeNames contains invalid value: Empty attribute name for key {}",
                    std::string_view(key)
                )));
            }
            if (name->size() > attribute_name_bytes_max) {
                return fail(errors::validation(fmt::format(
                    "ExpressionAttributeNames contains invalid value: {} for key {}",
                    name_too_long,
                    std::string_view(key)
                )));
            }
            placeholders.add_name(std::string(key), std::string(name->data(), name->size()));
        }
    }
    if (values && !values->is_null()) {
        const auto object = check_map(*values, "ExpressionAttributeValues", ':');
        if (!object) return fail(object.error());
        for (const auto& [key, json] : **object) {
            auto value = read_value(json);
            if (!value && value.error().code != "ValidationException") return fail(std::move(value.error()));
            if (!value) {
                return fail(errors::validation(fmt::format(
                    "ExpressionAttributeValues contains invalid value: {} for key {}",
                    value.error().message,
                    std::string_view(key)
                )));
            }
            placeholders.add_value(std::string(key), std::move(*value));
        }
    }
    return placeholders;
}

void Placeholders::add_name(std::string placeholder, std::string name) {
    names_.push_back({std::move(placeholder), std::move(name)});
}

void Placeholders::add_value(std::string placeholder, AttributeValue value) {
    values_.push_back({std::move(placeholder), std::move(value)});
}

const std::string* Placeholders::name(std::string_view placeholder) {
    return find_in(names_, placeholder);
}

const AttributeValue* Placeholders::value(std::string_view placeholder) {
    return find_in(values_, placeholder);
}

Result<void> Placeholders::all_used() const {
    if (auto names = all_used_of(names_, "ExpressionAttributeNames"); !names) return names;
    return all_used_of(values_, "ExpressionAttributeValues");
}

}  // namespace cloudshelf::dynamodb
