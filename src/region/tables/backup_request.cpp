#include "region/tables/backup_request.hpp"

#include "wire/dynamodb/errors.hpp"

#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace cloudshelf::tables {

namespace errors = dynamodb::errors;
namespace json = boost::json;

Result<std::optional<std::string>> read_text(
    const json::object& body, std::string_view member, const TextLimits& limits
) {
    const json::value* value = body.if_contains(member);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (!value->is_string()) return fail(errors::serialization());
    const std::string text = json::value_to<std::string>(*value);
    std::string path(member);
    path[0] = static_cast<char>(path[0] | 0x20);
    const auto violated = [&](std::string_view rule) {
        return fail(errors::validation(fmt::format(
            "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must {}",
            text,
            path,
            rule
        )));
    };
    if (text.size() < limits.length_min) {
        return violated(fmt::format("have length greater than or equal to {}", limits.length_min));
    }
    if (text.size() > limits.length_max) {
        return violated(fmt::format("have length less than or equal to {}", limits.length_max));
    }
    constexpr std::string_view others = "_.-";
    const auto fits = [&](unsigned char c) { return std::isalnum(c) != 0 || others.contains(static_cast<char>(c)); };
    if (limits.name && !std::ranges::all_of(text, fits)) {
        return violated("satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
    }
    return text;
}

Result<std::string> need_text(const json::object& body, std::string_view member, const TextLimits& limits) {
    auto text = read_text(body, member, limits);
    if (!text) return fail(text.error());
    if (*text) return std::move(**text);
    std::string path(member);
    path[0] = static_cast<char>(path[0] | 0x20);
    return fail(errors::validation(fmt::format(
        "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null", path
    )));
}

std::string name_in(std::string_view name_or_arn) {
    const auto slash = name_or_arn.find('/');
    return std::string(slash == std::string_view::npos ? name_or_arn : name_or_arn.substr(slash + 1));
}

double seconds(std::int64_t milliseconds) {
    return static_cast<double>(milliseconds) / 1000;
}

json::array key_schema(const dynamodb::KeySchema& key) {
    json::array schema{json::object{{"AttributeName", key.hash.name}, {"KeyType", "HASH"}}};
    if (key.sort) schema.push_back(json::object{{"AttributeName", key.sort->name}, {"KeyType", "RANGE"}});
    return schema;
}

json::object throughput(std::int64_t read, std::int64_t write) {
    return {{"ReadCapacityUnits", read}, {"WriteCapacityUnits", write}};
}

Error no_backup(std::string_view arn) {
    return {.code = "BackupNotFoundException", .message = fmt::format("Backup not found: {}", arn)};
}

Error no_table(std::string_view name) {
    return {.code = "TableNotFoundException", .message = fmt::format("Table not found: {}", name)};
}

Error told(const Error& error, std::string_view arn) {
    if (error.code == "backup.not-found") return no_backup(arn);
    if (error.code.starts_with("backup.") || error.code.starts_with("io.")) return errors::internal(error.message);
    return error;
}

}  // namespace cloudshelf::tables
