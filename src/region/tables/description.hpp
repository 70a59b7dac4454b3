#pragma once

#include "base/ids.hpp"
#include "region/log/view.hpp"
#include "region/tables/storage.hpp"
#include "region/tables/table.hpp"

#include <string>

namespace cloudshelf::tables {

/// Appends DynamoDB's TableDescription as a JSON object, with the counts as they are in `view`. A table of which an
/// index is being filled is told as UPDATING.
void append_table_description(
    std::string& to, const Table& table, const RegionName& region, const changelog::View& view, const Storage& storage
);

/// `[{"AttributeName": …, "KeyType": "HASH"}, …]`
void append_key_schema(std::string& to, const dynamodb::KeySchema& key);
/// `{"ProjectionType": …, "NonKeyAttributes": […]}`
void append_projection(std::string& to, const Index& index);

/// A moment as DynamoDB writes it: seconds since 1970 with three decimals.
void append_seconds(std::string& to, std::int64_t milliseconds);

}  // namespace cloudshelf::tables
