#pragma once

#include "base/result.hpp"
#include "region/tables/capacity.hpp"
#include "region/tables/table.hpp"
#include "wire/dynamodb/expression.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What Query and Scan ask for, checked.
namespace cloudshelf::tables {

enum class Reads : std::uint8_t { query, scan };

/// One page of a table or of an index.
struct PageRequest {
    TablePtr table;
    const Index* index = nullptr;  // of `table`; null: the table itself
    std::optional<dynamodb::Condition> filter;
    dynamodb::Projection projection;
    bool count_only = false;
    bool fetches = false;  // items are whole only in the table (a local index that lacks what is wanted)
    bool consistent = false;
    bool descending = false;
    std::size_t limit = 0;  // items looked at; 0: none
    ReturnConsumedCapacity capacity = ReturnConsumedCapacity::none;
    std::string from;   // the first key in storage
    std::string until;  // the key behind the last; empty: to the end
};

/// Errors: ValidationException, SerializationException, ResourceNotFoundException.
Result<PageRequest> read_page_request(Reads reads, const boost::json::object& request, TablePtr table);
/// What can be said without knowing the table. Errors: as above.
Result<void> check_page_request(Reads reads, const boost::json::object& request);

/// The keys of the table, and of the index where there is one: LastEvaluatedKey.
dynamodb::Item position_of(const Table& table, const Index* index, const dynamodb::Item& item);

}  // namespace cloudshelf::tables
