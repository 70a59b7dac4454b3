#pragma once

#include "base/result.hpp"
#include "region/tables/capacity.hpp"
#include "region/tables/catalogue.hpp"
#include "region/tables/table.hpp"
#include "wire/dynamodb/attribute_value.hpp"
#include "wire/dynamodb/expression.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

/// What requests about items have in common.
namespace cloudshelf::tables {

/// A member that is there and not null.
const boost::json::value* member(const boost::json::object& object, std::string_view name);
/// Its text; empty where it is not there. Errors: SerializationException.
Result<std::string_view> text_member(const boost::json::object& object, std::string_view name);
/// Errors: SerializationException.
Result<bool> bool_member(const boost::json::object& object, std::string_view name);
/// Null where it is not there. Errors: SerializationException.
Result<const boost::json::object*> object_member(const boost::json::object& object, std::string_view name);
Result<const boost::json::array*> array_member(const boost::json::object& object, std::string_view name);

/// Whether members are there and of their lengths, patterns and words, told all at once as DynamoDB does: "2 validation
/// errors detected: Value null at 'key' failed to satisfy constraint: Member must not be null; …".
class MemberCheck {
public:
    /// `within`: where the object stands in the request, with a dot: "transactItems.1.member.put.".
    explicit MemberCheck(const boost::json::object& request, std::string within = {})
        : request_(request), within_(std::move(within)) {}

    MemberCheck& required(std::string_view name);
    MemberCheck& table_name();
    /// `words` as in DynamoDB's text: "[ALL_OLD, NONE]".
    MemberCheck& one_of(std::string_view name, std::initializer_list<std::string_view> words);
    /// Adds one of the caller's: value, place and what it has to be.
    MemberCheck& broken(std::string_view value, std::string_view at, std::string_view must);
    /// Errors: ValidationException; SerializationException for a member of another type.
    Result<void> met() const;

private:
    std::string place_of(std::string_view name) const;

    const boost::json::object& request_;
    std::string within_;
    std::optional<Error> malformed_;
    std::string texts_;
    int count_ = 0;
};

/// TableName, which may be a table's ARN. Precondition: MemberCheck::table_name was met.
std::string_view table_name_of(const boost::json::object& request);
std::string_view table_name_of(std::string_view name_or_arn);

/// Whether items can be read and written: it is neither being made nor going away.
bool takes_items(const TablePtr& table);
/// The table for reading. Errors: ResourceNotFoundException.
Result<TablePtr> find_table(const Catalogue& catalogue, std::string_view name);

/// How a read wants its items: ProjectionExpression or AttributesToGet. Errors: ValidationException,
/// SerializationException.
Result<dynamodb::Projection> read_projection(const boost::json::object& request);

/// Adds what a change took of the table and of each index that is not still being made.
void add_write_units(
    ConsumedCapacity& consumed, const Table& table, const dynamodb::Item* was, const dynamodb::Item* now
);

/// `{"a":…,"b":…}`, member by member.
class JsonObject {
public:
    JsonObject() : text_("{") {}
    /// Begins a member; its value is to be appended to what comes back.
    std::string& member(std::string_view name);
    std::string take();

private:
    std::string text_;
};

}  // namespace cloudshelf::tables
