#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "region/log/entry.hpp"
#include "region/tables/table.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::tables {

/// A position in the log as streams tell it: 21 digits, so that texts sort as numbers do (AWS: 21 to 40 digits).
std::string sequence_number(changelog::Position position);
/// Nothing where the text is no sequence number of ours.
std::optional<changelog::Position> position_of(std::string_view sequence_number);

/// A stream has one shard, from its first record to its last: the log has one order.
std::string shard_id(const Stream& stream);

/// Appends the record that a log entry is in a stream, as GetRecords tells it. `region`: ours. An item that expired
/// carries DynamoDB's userIdentity in the region that deleted it, and looks like any other deletion elsewhere.
/// Errors: "tables.bad-record", "dynamodb.bad-item".
Result<void> append_record(
    std::string& to, const changelog::Entry& entry, const Table& table, const Stream& stream, const RegionName& region
);

}  // namespace cloudshelf::tables
