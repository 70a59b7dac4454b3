#pragma once

#include "base/result.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

/// Capacity units as DynamoDB documents them ("Read/write capacity mode"): told to whoever asks, never enforced.
namespace cloudshelf::tables {

/// A read unit is 4 KiB strongly consistent; eventually consistent ones cost half, transactional ones twice.
double read_units(std::size_t bytes, bool consistent);
/// A write unit is 1 KiB of the larger of the item before and after; transactional ones cost twice.
double write_units(std::size_t bytes);

enum class ReturnConsumedCapacity : std::uint8_t { none, total, indexes };
/// Errors: ValidationException for another word.
Result<ReturnConsumedCapacity> read_return_consumed_capacity(const boost::json::object& request);

/// What one request used of one table.
struct ConsumedCapacity {
    std::string table;
    double table_units = 0;
    std::map<std::string, double, std::less<>> local_indexes;
    std::map<std::string, double, std::less<>> global_indexes;
    bool split = false;  // a transaction's: ReadCapacityUnits and WriteCapacityUnits are told apart
    double read = 0;
    double write = 0;
};
/// Appends `{"TableName": …, "CapacityUnits": …}` and, for `indexes`, its parts. Nothing to append for `none`: the
/// caller leaves the member out.
void append_json(std::string& to, const ConsumedCapacity& consumed, ReturnConsumedCapacity wanted);

}  // namespace cloudshelf::tables
