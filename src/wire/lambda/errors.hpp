#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// Lambda's errors by name (Lambda API reference, "Errors" of each action). An Error's code is the exception's name;
/// `status_of` and `error_body` say how it goes over the wire.
namespace cloudshelf::lambda {

namespace errors {

Error resource_not_found(std::string message);
/// "Function not found: " and the ARN, qualified where the request was.
Error function_not_found(std::string_view arn);
/// "Cannot find alias arn: " and the alias' ARN.
Error alias_not_found(std::string_view arn);
Error resource_conflict(std::string message);
Error function_exists(std::string_view name);
Error update_in_progress(std::string_view arn);
Error invalid_parameter(std::string message);
/// A value breaks a constraint of the API's model: "1 validation error detected: …". `member`: in the model's
/// spelling, "FunctionName".
Error validation(std::string_view value, std::string_view member, std::string_view constraint);
Error missing_member(std::string_view member);
/// The revision that was named is not the present one.
Error precondition_failed();
Error invalid_request_content(std::string message);
Error serialization();
/// `invocation_type`: "RequestResponse" or "Event".
Error payload_too_large(std::size_t bytes, std::string_view invocation_type, std::size_t bytes_max);
Error request_too_large(std::string_view operation, std::size_t bytes_max);
Error too_many_requests();
Error provisioned_not_found();
Error event_invoke_config_not_found(std::string_view arn);
Error policy_not_found();
Error access_denied(std::string message);
Error unknown_operation();
Error service(std::string message = "An error occurred and the request cannot be processed.");

}  // namespace errors

/// Why an invocation was refused with TooManyRequestsException: the answer's `Reason`.
enum class Throttled : unsigned char { not_at_all, host, reserved };

int status_of(std::string_view code);
/// The answer's JSON: `Type`, the message under the name that the exception has for it, and the reason of a throttle.
std::string error_body(const Error& error, Throttled throttled = Throttled::not_at_all);

}  // namespace cloudshelf::lambda
