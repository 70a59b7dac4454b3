#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/attribute_value.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What is asked of tables, as values, and the bodies of requests and answers (DynamoDB API, version 20120810).
namespace cloudshelf::tables_client {

enum class Freshness : bool { any, newest };

/// Placeholders of expressions: `{{":n", value}}`; names that are reserved words are put in as "#n".
using Values = std::vector<std::pair<std::string, dynamodb::AttributeValue>>;
using Names = std::vector<std::pair<std::string, std::string>>;

struct Put {
    std::string table;
    dynamodb::Item item;
    std::string condition = {};  // empty: none
    Names names = {};
    Values values = {};
};

struct Update {
    std::string table;
    dynamodb::Item key;
    std::string expression;      // "SET quantity = :n"
    std::string condition = {};  // empty: none
    Names names = {};
    Values values = {};
};

struct Delete {
    std::string table;
    dynamodb::Item key;
    std::string condition = {};
    Names names = {};
    Values values = {};
};

/// All items that a key condition meets, in the order of the sort key.
struct Query {
    std::string table;
    std::string key_condition;  // "userId = :u"
    Names names = {};
    Values values = {};
    Freshness freshness = Freshness::newest;
    std::size_t items_max = 10'000;  // after so many it ends
};

struct TableDefinition {
    std::string name;
    std::string partition_key;  // both of type S
    std::string sort_key = {};  // empty: none
};

struct TableDescription {
    std::string name;
    std::string status;                 // "ACTIVE", …
    std::int64_t item_count = 0;        // as DynamoDB tells it, which is brought up to date now and then
    std::vector<std::string> replicas;  // regions, in order
};

std::string body_of(const Put& put);
/// Asks for the item as it is afterwards.
std::string body_of(const Update& update);
std::string body_of(const Delete& remove);
/// One page; `after` is the last answer's LastEvaluatedKey, empty at first.
std::string body_of(const Query& query, const dynamodb::Item& after);
/// On demand, with a stream of NEW_AND_OLD_IMAGES.
std::string body_of(const TableDefinition& table);

/// Errors: "tables.bad-answer" without a server's name.
Result<std::vector<dynamodb::Item>> items_of(const boost::json::object& answer);
/// `member` of the answer as an item; nothing when it is not there.
Result<std::optional<dynamodb::Item>> item_of(const boost::json::object& answer, std::string_view member);
TableDescription description_of(const boost::json::object& answer);

}  // namespace cloudshelf::tables_client
