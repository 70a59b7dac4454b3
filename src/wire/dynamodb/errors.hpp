#pragma once

#include "base/result.hpp"
#include "wire/dynamodb/attribute_value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// DynamoDB's errors by name. An Error's code is the exception's short name ("ValidationException"); `type_of` and
/// `status_of` say how it goes over the wire.
namespace cloudshelf::dynamodb {

namespace errors {

Error validation(std::string message);
/// "One or more parameter values were invalid: " and what.
Error invalid_parameter(std::string_view what);
/// The JSON has the wrong shape.
Error serialization(std::string message = {});
Error conditional_check_failed();
Error resource_not_found(std::string_view what = "Requested resource not found");
Error resource_in_use(std::string message);
Error table_not_found(std::string_view table);
Error unknown_operation();
Error access_denied(std::string message);
Error limit_exceeded(std::string message);
Error throughput_exceeded();
Error throttling(std::string message);
Error idempotent_parameter_mismatch();
Error transaction_in_progress();
Error transaction_conflict();
Error item_collection_too_large();
Error trimmed_data(std::string message);
Error expired_iterator(std::string message);
Error internal(std::string message = "Internal server error");
Error service_unavailable(std::string message);

}  // namespace errors

/// The `__type` of a code: "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
/// "com.amazon.coral.validate#ValidationException", "com.amazon.coral.service#SerializationException", …
std::string type_of(std::string_view code);

/// 400, or 500 and 503 for the server's own failures.
int status_of(std::string_view code);

/// Why a transaction was cancelled: one for each of its items, "None" where it was not the reason.
struct CancellationReason {
    std::string code = "None";  // ConditionalCheckFailed, TransactionConflict, ValidationError, …
    std::string message;        // empty for None
    std::optional<Item> item;   // as ReturnValuesOnConditionCheckFailure asked
};

/// The body of an error's answer. `item`: what ReturnValuesOnConditionCheckFailure asked for.
std::string error_body(const Error& error, const Item* item = nullptr);

/// "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]".
Error transaction_cancelled(const std::vector<CancellationReason>& reasons);
std::string error_body(const Error& error, const std::vector<CancellationReason>& reasons);

}  // namespace cloudshelf::dynamodb
