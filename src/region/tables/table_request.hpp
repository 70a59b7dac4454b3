#pragma once

#include "base/result.hpp"
#include "region/tables/constraints.hpp"
#include "region/tables/table.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What CreateTable and UpdateTable ask for, checked as DynamoDB does and with its words. Nothing here knows what
/// tables there are.
namespace cloudshelf::tables {

inline constexpr std::size_t global_indexes_max = 20;
inline constexpr std::size_t local_indexes_max = 5;

struct Throughput {
    std::int64_t read = 0;
    std::int64_t write = 0;
};
std::optional<Throughput> read_throughput(
    Constraints& constraints, const boost::json::object& from, std::string_view path
);

struct StreamWish {
    bool enabled = false;
    std::optional<StreamView> view;
};
std::optional<StreamWish> read_stream_wish(Constraints& constraints, const boost::json::object& from);
/// Errors: ValidationException for a view that is missing, or not wanted.
Result<void> check(const StreamWish& wish);

std::vector<dynamodb::KeyAttribute> read_attributes(
    Constraints& constraints, const boost::json::object& from, Needed needed
);

using Tags = std::vector<std::pair<std::string, std::string>>;
Tags read_tags(Constraints& constraints, const boost::json::object& from, Needed needed);
/// Adds or replaces. Errors: ValidationException where there are too many.
Result<void> merge_tags(Tags& into, Tags more);

/// An index as a request describes it.
struct IndexWish {
    struct Element {
        std::string attribute;
        std::string role;
    };
    std::string name;
    std::vector<Element> key;
    std::optional<std::string> projection;
    std::optional<std::vector<std::string>> included;
    std::optional<Throughput> throughput;
};
IndexWish read_index_wish(
    Constraints& constraints, const boost::json::object& from, std::string_view path, bool global
);
/// Errors: ValidationException. `on_demand`: the table's.
Result<Index> make_global_index(
    const IndexWish& wish, const std::vector<dynamodb::KeyAttribute>& attributes, bool on_demand
);

/// The whole of CreateTable. What it answers lacks id, moment, the storage numbers and its stream, which only the
/// decision knows.
struct TableWish {
    Table table;
    std::optional<StreamWish> stream;
};
/// Errors: SerializationException, ValidationException.
Result<TableWish> read_table_wish(const boost::json::object& request);

/// The attributes that some key of the table uses, in their order.
std::vector<dynamodb::KeyAttribute> used_attributes(const Table& table);

}  // namespace cloudshelf::tables
