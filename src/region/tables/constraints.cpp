#include "region/tables/constraints.hpp"

#include "wire/dynamodb/errors.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
namespace errors = dynamodb::errors;

constexpr std::size_t table_name_min = 3;
constexpr std::size_t table_name_max = 255;

bool is_name(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == '-';
    };
    return std::ranges::all_of(text, allowed);
}

/// "TableName" is told as "tableName".
std::string told(std::string_view path, std::string_view name) {
    std::string full = std::string(path).append(name);
    full[path.size()] = static_cast<char>(full[path.size()] | 0x20);
    return full;
}

std::string_view kind_of(const json::value& value) {
    if (value.is_bool()) return value.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
    if (value.is_double()) return "DECIMAL_VALUE";
    return value.is_string() ? "STRING_VALUE" : "NUMBER_VALUE";
}

}  // namespace

const json::value* Constraints::find(const Object& from, std::string_view path, std::string_view name, Needed needed) {
    const auto* value = from.if_contains(name);
    if (value != nullptr && !value->is_null()) return value;
    if (needed == Needed::yes) {
        violated_.push_back(
            fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null", told(path, name))
        );
    }
    return nullptr;
}

void Constraints::wrong_kind(const json::value& value, std::string_view expected) {
    if (serialization_) return;
    if (value.is_object()) {
        serialization_ = errors::serialization("Start of structure or map found where not expected");
    } else if (value.is_array()) {
        serialization_ =
            errors::serialization(fmt::format("Unrecognized collection type class java.lang.{}", expected));
    } else if (expected == "Boolean" && value.is_string()) {
        serialization_ = errors::serialization("Unexpected token received from parser");
    } else {
        serialization_ = errors::serialization(fmt::format("{} cannot be converted to {}", kind_of(value), expected));
    }
}

void Constraints::violated(
    std::string_view value, std::string_view path, std::string_view name, std::string_view rule
) {
    violated_.push_back(
        fmt::format("Value '{}' at '{}' failed to satisfy constraint: {}", value, told(path, name), rule)
    );
}

std::optional<std::string> Constraints::text(
    const Object& from, std::string_view path, std::string_view name, Needed needed, const Text& limits
) {
    const auto* value = find(from, path, name, needed);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
        wrong_kind(*value, "String");
        return std::nullopt;
    }
    const std::string_view text = value->get_string();
    const auto before = violated_.size();
    if (!limits.words.empty() && std::ranges::find(limits.words, text) == limits.words.end()) {
        violated(
            text, path, name, fmt::format("Member must satisfy enum value set: [{}]", fmt::join(limits.words, ", "))
        );
    }
    if (limits.name && !is_name(text)) {
        violated(text, path, name, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
    }
    if (text.size() < limits.length_min) {
        violated(
            text, path, name, fmt::format("Member must have length greater than or equal to {}", limits.length_min)
        );
    }
    if (text.size() > limits.length_max) {
        violated(text, path, name, fmt::format("Member must have length less than or equal to {}", limits.length_max));
    }
    if (violated_.size() != before) return std::nullopt;
    return std::string(text);
}

std::optional<std::int64_t> Constraints::number(
    const Object& from, std::string_view path, std::string_view name, Needed needed, std::int64_t min, std::int64_t max
) {
    const auto* value = find(from, path, name, needed);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number()) {
        wrong_kind(*value, "Long");
        return std::nullopt;
    }
    json::error_code not_whole;
    const auto number = value->is_double() ? static_cast<std::int64_t>(std::clamp(value->get_double(), -9e18, 9e18))
                                           : value->to_number<std::int64_t>(not_whole);
    if (not_whole || number > max) {
        violated(
            json::serialize(*value), path, name, fmt::format("Member must have value less than or equal to {}", max)
        );
    } else if (number < min) {
        violated(
            json::serialize(*value), path, name, fmt::format("Member must have value greater than or equal to {}", min)
        );
    } else {
        return number;
    }
    return std::nullopt;
}

std::optional<bool> Constraints::flag(const Object& from, std::string_view path, std::string_view name, Needed needed) {
    const auto* value = find(from, path, name, needed);
    if (value == nullptr) return std::nullopt;
    if (value->is_bool()) return value->get_bool();
    wrong_kind(*value, "Boolean");
    return std::nullopt;
}

const Constraints::Object* Constraints::structure(
    const Object& from, std::string_view path, std::string_view name, Needed needed
) {
    const auto* value = find(from, path, name, needed);
    return value == nullptr ? nullptr : member(*value);
}

const json::array* Constraints::list(
    const Object& from,
    std::string_view path,
    std::string_view name,
    Needed needed,
    std::size_t length_min,
    std::size_t length_max
) {
    const auto* value = find(from, path, name, needed);
    if (value == nullptr) return nullptr;
    if (!value->is_array()) {
        if (value->is_object()) {
            wrong_kind(*value, "");
        } else if (!serialization_) {
            serialization_ = errors::serialization("Unexpected field type");
        }
        return nullptr;
    }
    const auto& array = value->get_array();
    if (array.size() < length_min || array.size() > length_max) {
        const bool few = array.size() < length_min;
        violated(
            json::serialize(array),
            path,
            name,
            fmt::format(
                "Member must have length {} than or equal to {}",
                few ? "greater" : "less",
                few ? length_min : length_max
            )
        );
    }
    return &array;
}

const Constraints::Object* Constraints::member(const json::value& value) {
    if (value.is_object()) return &value.get_object();
    if (!serialization_) serialization_ = errors::serialization("Unexpected field type");
    return nullptr;
}

Result<void> Constraints::verdict() const {
    if (serialization_) return fail(*serialization_);
    if (violated_.empty()) return {};
    return fail(errors::validation(fmt::format(
        "{} validation error{} detected: {}",
        violated_.size(),
        violated_.size() == 1 ? "" : "s",
        fmt::join(violated_, "; ")
    )));
}

Result<std::string> read_table_name(const json::object& request, std::string_view member) {
    Constraints constraints;
    const auto given = constraints.text(request, "", member, Needed::no, {});
    if (auto kind = constraints.verdict(); !kind) return fail(kind.error());
    if (!given) {
        return fail(
            errors::validation(fmt::format("The parameter '{}' is required but was not present in the request", member))
        );
    }
    std::string name = *given;
    if (name.starts_with("arn:")) {
        const auto at = name.find(":table/");
        if (at == std::string::npos) return fail(errors::validation("Invalid table ARN: " + name));
        name = name.substr(at + 7, name.find('/', at + 7) - (at + 7));
    }
    if (name.size() < table_name_min || name.size() > table_name_max) {
        return fail(errors::validation(fmt::format(
            "{} must be at least {} characters long and at most {} characters long",
            member,
            table_name_min,
            table_name_max
        )));
    }
    if (!is_name(name)) {
        return fail(errors::validation(fmt::format(
            "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must satisfy regular "
            "expression pattern: [a-zA-Z0-9_.-]+",
            name,
            told("", member)
        )));
    }
    return name;
}

}  // namespace cloudshelf::tables
