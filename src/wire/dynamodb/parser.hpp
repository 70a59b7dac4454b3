#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/expression.hpp"
#include "wire/dynamodb/placeholders.hpp"

#include <string_view>

/// Expressions as text, read into trees. All errors are ValidationExceptions with DynamoDB's texts, beginning with
/// "Invalid UpdateExpression: " and so on. A request's expressions are read in any order with one Placeholders, which
/// then knows what was not used.
namespace cloudshelf::dynamodb {

/// `parameter`: "ConditionExpression" or "FilterExpression", for the messages.
Result<Condition> parse_condition(std::string_view text, std::string_view parameter, Placeholders& placeholders);

Result<Update> parse_update(std::string_view text, Placeholders& placeholders);

Result<Projection> parse_projection(std::string_view text, Placeholders& placeholders);

/// Against the key of the table or index that is queried.
Result<KeyCondition> parse_key_condition(std::string_view text, const KeySchema& schema, Placeholders& placeholders);

}  // namespace cloudshelf::dynamodb
