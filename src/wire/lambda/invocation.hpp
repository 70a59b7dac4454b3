#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What Invoke's headers and body say.
namespace cloudshelf::lambda {

enum class InvocationType : std::uint8_t { request_response, event, dry_run };
std::string_view to_string(InvocationType type);

inline constexpr std::size_t payload_bytes_max = 6 << 20;
inline constexpr std::size_t event_payload_bytes_max = 1 << 20;

/// Empty: RequestResponse. Errors: InvalidParameterValueException.
Result<InvocationType> read_invocation_type(std::string_view header);
/// Whether "Tail" is asked for. Errors: InvalidParameterValueException.
Result<bool> read_log_type(std::string_view header);
/// The JSON that the header carries as base64, at most 3,583 bytes of it. Errors: InvalidRequestContentException.
Result<std::string> read_client_context(std::string_view header);
/// The payload is JSON of a size that the kind of invocation takes; an empty one is "{}" to the function. Errors:
/// RequestEntityTooLargeException, InvalidRequestContentException.
Result<std::string> read_payload(std::string body, InvocationType type);

/// Whether the text is one JSON value (RFC 8259).
bool is_json(std::string_view text);

}  // namespace cloudshelf::lambda
