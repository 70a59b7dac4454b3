#pragma once

#include "base/result.hpp"
#include "region/tables/table.hpp"
#include "wire/dynamodb/attribute_value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Time to live: when an item expires, and how the family "expiry" says so.
namespace cloudshelf::tables {

/// DynamoDB leaves alone what expired longer ago than this: a number in milliseconds or a wrong unit, most likely.
inline constexpr std::int64_t expired_seconds_max = 5 * 365 * 86'400LL;

/// When an item of the table expires, in seconds since 1970. Nothing: never, since time to live is off or its attribute
/// is missing or no number of seconds.
std::optional<std::uint64_t> expiry_of(const Table& table, const dynamodb::Item& item);
/// The same of an encoded one. Errors: "dynamodb.bad-item".
Result<std::optional<std::uint64_t>> expiry_of(const Table& table, std::string_view encoded);

/// A key of "expiry".
struct Expiry {
    std::uint64_t seconds = 0;  // since 1970
    std::string item_key;       // as in "data"
};
std::string encode_expiry(StorageNumber table, const Expiry& expiry);
/// Errors: "tables.bad-record".
Result<Expiry> decode_expiry(std::string_view key);

}  // namespace cloudshelf::tables
