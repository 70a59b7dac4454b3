#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/expression.hpp"

#include <boost/json/object.hpp>

#include <initializer_list>
#include <optional>
#include <string_view>

/// The parameters of before there were expressions, read into the same trees. Errors: ValidationException with
/// DynamoDB's texts, SerializationException. `request` is the request's body; what it hasn't reads as nothing.
namespace cloudshelf::dynamodb {

/// Expected with ConditionalOperator.
Result<std::optional<Condition>> read_expected(const boost::json::object& request);

/// QueryFilter or ScanFilter (`parameter`) with ConditionalOperator.
Result<std::optional<Condition>> read_filter(const boost::json::object& request, std::string_view parameter);

Result<std::optional<Update>> read_attribute_updates(const boost::json::object& request);

Result<std::optional<KeyCondition>> read_key_conditions(const boost::json::object& request, const KeySchema& schema);

Result<std::optional<Projection>> read_attributes_to_get(const boost::json::object& request);

/// Refuses requests that use both ways, and placeholders without expressions. Names in the order DynamoDB lists them,
/// e.g. for UpdateItem expressions {UpdateExpression, ConditionExpression} and older {AttributeUpdates, Expected,
/// ConditionalOperator}. Errors: ValidationException "Can not use both expression and non-expression parameters …".
Result<void> check_not_mixed(
    const boost::json::object& request,
    std::initializer_list<std::string_view> expressions,
    std::initializer_list<std::string_view> older
);

}  // namespace cloudshelf::dynamodb
