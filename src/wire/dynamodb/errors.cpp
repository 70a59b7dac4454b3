#include "wire/dynamodb/errors.hpp"

#include "wire/dynamodb/json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace cloudshelf::dynamodb {
namespace errors {
namespace {

Error make(std::string_view code, std::string message) {
    return {.code = std::string(code), .message = std::move(message)};
}

Error temporary(std::string_view code, std::string message) {
    return {.code = std::string(code), .message = std::move(message), .retryable = true};
}

}  // namespace

Error validation(std::string message) {
    return make("ValidationException", std::move(message));
}
Error invalid_parameter(std::string_view what) {
    return validation(fmt::format("One or more parameter values were invalid: {}", what));
}
Error serialization(std::string message) {
    return make("SerializationException", std::move(message));
}
Error conditional_check_failed() {
    return make("ConditionalCheckFailedException", "The conditional request failed");
}
Error resource_not_found(std::string_view what) {
    return make("ResourceNotFoundException", std::string(what));
}
Error resource_in_use(std::string message) {
    return make("ResourceInUseException", std::move(message));
}
Error table_not_found(std::string_view table) {
    return make("TableNotFoundException", fmt::format("Table not found: {}", table));
}
Error unknown_operation() {
    return make("UnknownOperationException", "");
}
Error access_denied(std::string message) {
    return make("AccessDeniedException", std::move(message));
}
Error limit_exceeded(std::string message) {
    return make("LimitExceededException", std::move(message));
}
Error throughput_exceeded() {
    return temporary(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
        "provisioning level with the UpdateTable API."
    );
}
Error throttling(std::string message) {
    return temporary("ThrottlingException", std::move(message));
}
Error idempotent_parameter_mismatch() {
    return make("IdempotentParameterMismatchException", "Idempotent token was used with different parameters");
}
Error transaction_in_progress() {
    return temporary(
        "TransactionInProgressException", "The transaction with the given request token is already in progress."
    );
}
Error transaction_conflict() {
    return temporary("TransactionConflictException", "Transaction is ongoing for the item");
}
Error item_collection_too_large() {
    return make("ItemCollectionSizeLimitExceededException", "Collection size exceeded.");
}
Error trimmed_data(std::string message) {
    return make("TrimmedDataAccessException", std::move(message));
}
Error expired_iterator(std::string message) {
    return make("ExpiredIteratorException", std::move(message));
}
Error internal(std::string message) {
    return temporary("InternalServerError", std::move(message));
}
Error service_unavailable(std::string message) {
    return temporary("ServiceUnavailableException", std::move(message));
}

}  // namespace errors

namespace {

// What AWS's common front answers; all else is DynamoDB's own.
constexpr std::array<std::string_view, 8> of_the_front{
    "SerializationException",
    "UnknownOperationException",
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "AccessDeniedException",
    "ServiceUnavailableException",
};

bool is_of_the_front(std::string_view code) {
    return std::ranges::find(of_the_front, code) != of_the_front.end();
}

std::string begin_body(const Error& error, std::string_view message_key) {
    std::string body = R"({"__type":)";
    append_json_string(body, type_of(error.code));
    if (!error.message.empty()) {
        body += ',';
        append_json_string(body, message_key);
        body += ':';
        append_json_string(body, error.message);
    }
    return body;
}

}  // namespace

std::string type_of(std::string_view code) {
    if (code == "ValidationException") return "com.amazon.coral.validate#ValidationException";
    if (code == "ThrottlingException") return "com.amazon.coral.availability#ThrottlingException";
    return fmt::format(
        "{}#{}", is_of_the_front(code) ? "com.amazon.coral.service" : "com.amazonaws.dynamodb.v20120810", code
    );
}

int status_of(std::string_view code) {
    if (code == "InternalServerError") return 500;
    if (code == "ServiceUnavailableException") return 503;
    return 400;
}

std::string error_body(const Error& error, const Item* item) {
    std::string body = begin_body(error, error.code == "SerializationException" ? "Message" : "message");
    if (item) {
        body += R"(,"Item":)";
        append_json(body, *item);
    }
    return body + '}';
}

Error transaction_cancelled(const std::vector<CancellationReason>& reasons) {
    std::vector<std::string_view> codes;
    for (const CancellationReason& reason : reasons) codes.push_back(reason.code);
    return {
        .code = "TransactionCanceledException",
        .message = fmt::format(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", fmt::join(codes, ", ")
        ),
    };
}

std::string error_body(const Error& error, const std::vector<CancellationReason>& reasons) {
    std::string body = begin_body(error, "Message");
    body += R"(,"CancellationReasons":[)";
    for (bool first = true; const CancellationReason& reason : reasons) {
        if (!std::exchange(first, false)) body += ',';
        body += R"({"Code":)";
        append_json_string(body, reason.code);
        if (!reason.message.empty()) {
            body += R"(,"Message":)";
            append_json_string(body, reason.message);
        }
        if (reason.item) {
            body += R"(,"Item":)";
            append_json(body, *reason.item);
        }
        body += '}';
    }
    return body + "]}";
}

}  // namespace cloudshelf::dynamodb
