#include "wire/lambda/errors.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace cloudshelf::lambda {
namespace {

Error made(std::string code, std::string message) {
    return {.code = std::move(code), .message = std::move(message)};
}

/// Members are named in lower camel case in messages: "functionName".
std::string lower_first(std::string_view member) {
    std::string name(member);
    if (!name.empty()) name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
    return name;
}

struct Status {
    std::string_view code;
    int status;
};
constexpr std::array statuses{
    Status{"ResourceNotFoundException", 404},
    Status{"ProvisionedConcurrencyConfigNotFoundException", 404},
    Status{"UnknownOperationException", 404},
    Status{"ResourceConflictException", 409},
    Status{"PreconditionFailedException", 412},
    Status{"RequestEntityTooLargeException", 413},
    Status{"TooManyRequestsException", 429},
    Status{"ServiceException", 500},
    // Of whoever signs: the same as for other JSON services, but 403 here.
    Status{"AccessDeniedException", 403},
    Status{"MissingAuthenticationTokenException", 403},
    Status{"IncompleteSignatureException", 403},
    Status{"UnrecognizedClientException", 403},
    Status{"InvalidSignatureException", 403},
};

/// These spell their message with a capital; all others have "message".
bool has_capital_message(std::string_view code) {
    return code == "ResourceNotFoundException" || code == "ServiceException" || code == "AccessDeniedException";
}

}  // namespace

namespace errors {

Error resource_not_found(std::string message) {
    return made("ResourceNotFoundException", std::move(message));
}
Error function_not_found(std::string_view arn) {
    return resource_not_found(fmt::format("Function not found: {}", arn));
}
Error alias_not_found(std::string_view arn) {
    return resource_not_found(fmt::format("Cannot find alias arn: {}", arn));
}
Error resource_conflict(std::string message) {
    return made("ResourceConflictException", std::move(message));
}
Error function_exists(std::string_view name) {
    return resource_conflict(fmt::format("Function already exist: {}", name));
}
Error update_in_progress(std::string_view arn) {
    return resource_conflict(
        fmt::format("The operation cannot be performed at this time. An update is in progress for resource: {}", arn)
    );
}
Error invalid_parameter(std::string message) {
    return made("InvalidParameterValueException", std::move(message));
}
Error validation(std::string_view value, std::string_view member, std::string_view constraint) {
    return made(
        "ValidationException",
        fmt::format(
            "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: {}",
            value,
            lower_first(member),
            constraint
        )
    );
}
Error missing_member(std::string_view member) {
    return made(
        "ValidationException",
        fmt::format(
            "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
            lower_first(member)
        )
    );
}
Error precondition_failed() {
    return made(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
        "the latest Revision Id"
    );
}
Error invalid_request_content(std::string message) {
    return made("InvalidRequestContentException", std::move(message));
}
Error serialization() {
    return made("SerializationException", "The request's body could not be read as what the operation expects");
}
Error payload_too_large(std::size_t bytes, std::string_view invocation_type, std::size_t bytes_max) {
    return made(
        "RequestEntityTooLargeException",
        fmt::format(
            "{} byte payload is too large for the {} invocation type (limit {} bytes)",
            bytes,
            invocation_type,
            bytes_max
        )
    );
}
Error request_too_large(std::string_view operation, std::size_t bytes_max) {
    return made(
        "RequestEntityTooLargeException",
        fmt::format("Request must be smaller than {} bytes for the {} operation", bytes_max, operation)
    );
}
Error too_many_requests() {
    return {.code = "TooManyRequestsException", .message = "Rate Exceeded.", .retryable = true};
}
Error provisioned_not_found() {
    return made(
        "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function"
    );
}
Error event_invoke_config_not_found(std::string_view arn) {
    return resource_not_found(fmt::format("The function {} doesn't have an EventInvokeConfig", arn));
}
Error policy_not_found() {
    return resource_not_found("The resource you requested does not exist.");
}
Error access_denied(std::string message) {
    return made("AccessDeniedException", std::move(message));
}
Error unknown_operation() {
    return made("UnknownOperationException", "There is no such operation");
}
Error service(std::string message) {
    return made("ServiceException", std::move(message));
}

}  // namespace errors

int status_of(std::string_view code) {
    const auto* const found = std::ranges::find(statuses, code, &Status::code);
    return found == statuses.end() ? 400 : found->status;
}

std::string error_body(const Error& error, Throttled throttled) {
    boost::json::object body;
    if (throttled == Throttled::host) body["Reason"] = "ConcurrentInvocationLimitExceeded";
    if (throttled == Throttled::reserved) body["Reason"] = "ReservedFunctionConcurrentInvocationLimitExceeded";
    body["Type"] = status_of(error.code) >= 500 ? "Service" : "User";
    body[has_capital_message(error.code) ? "Message" : "message"] = error.message;
    return boost::json::serialize(body);
}

}  // namespace cloudshelf::lambda
