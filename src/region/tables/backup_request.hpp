#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/key.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What requests about backups and recovery have in common.
namespace cloudshelf::tables {

/// What a member that is a string has to be.
struct TextLimits {
    std::size_t length_min = 0;
    std::size_t length_max = 0;
    bool name = false;  // only letters, digits and _.-
};
inline constexpr TextLimits table_limits{.length_min = 1, .length_max = 1024};
inline constexpr TextLimits new_name_limits{.length_min = 3, .length_max = 255, .name = true};
inline constexpr TextLimits arn_limits{.length_min = 37, .length_max = 1024};

/// Nothing where it is not there. Errors: SerializationException, ValidationException as DynamoDB words it.
Result<std::optional<std::string>> read_text(
    const boost::json::object& body, std::string_view member, const TextLimits& limits
);
/// The same, of one that has to be there.
Result<std::string> need_text(const boost::json::object& body, std::string_view member, const TextLimits& limits);
/// A table's name, or its ARN.
std::string name_in(std::string_view name_or_arn);

/// As DynamoDB tells moments: seconds since 1970.
double seconds(std::int64_t milliseconds);
boost::json::array key_schema(const dynamodb::KeySchema& key);
boost::json::object throughput(std::int64_t read, std::int64_t write);

/// Errors that clients are told.
Error no_backup(std::string_view arn);
Error no_table(std::string_view name);
/// What the store says, as a client is told it. A damaged backup names its file: the operator has to know.
Error told(const Error& error, std::string_view arn);

}  // namespace cloudshelf::tables
