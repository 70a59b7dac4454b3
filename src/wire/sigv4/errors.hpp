#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

/// Refusals, with the names and texts that AWS's JSON services (DynamoDB among them) give. The code is the exception's
/// short name.
namespace cloudshelf::sigv4::errors {

inline Error missing_token() {
    return {.code = "MissingAuthenticationTokenException", .message = "Request is missing Authentication Token"};
}

inline Error incomplete(std::string message) {
    return {.code = "IncompleteSignatureException", .message = std::move(message)};
}

inline Error unknown_key() {
    return {.code = "UnrecognizedClientException", .message = "The security token included in the request is invalid."};
}

inline Error invalid(std::string message) {
    return {.code = "InvalidSignatureException", .message = std::move(message)};
}

/// AWS adds the two texts that it signed, so that people can compare; they hold nothing secret.
inline Error mismatch(std::string_view canonical, std::string_view to_sign) {
    std::string message =
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this "
        "request should have been\n'";
    message.append(canonical).append("'\n\nThe String-to-Sign should have been\n'").append(to_sign).append("'\n");
    return invalid(std::move(message));
}

/// S3: the digest that was signed is not that of the body that came.
inline Error body_mismatch() {
    return {
        .code = "XAmzContentSHA256Mismatch",
        .message = "The provided 'x-amz-content-sha256' header does not match what was computed.",
    };
}

}  // namespace cloudshelf::sigv4::errors
