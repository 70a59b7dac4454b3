#pragma once

#include "base/result.hpp"
#include "region/tables/constraints.hpp"
#include "wire/dynamodb/key.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// What requests about backups and recovery have in common.
namespace cloudshelf::tables {

inline constexpr Constraints::Text table_limits{.length_min = 1, .length_max = 1024};
inline constexpr Constraints::Text new_name_limits{.length_min = 3, .length_max = 255, .name = true};
inline constexpr Constraints::Text arn_limits{.length_min = 37, .length_max = 1024};

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
