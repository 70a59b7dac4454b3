#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>

/// Refusals of headers, targets and names, with S3's codes and messages (S3 API, "Error responses").
namespace cloudshelf::s3::value_errors {

inline Error invalid_argument(std::string message) {
    return {.code = "InvalidArgument", .message = std::move(message)};
}

inline Error invalid_request(std::string message) {
    return {.code = "InvalidRequest", .message = std::move(message)};
}

inline Error invalid_tag(std::string message) {
    return {.code = "InvalidTag", .message = std::move(message)};
}

/// A header of a closed set of values, or of a form of its own, has another one.
inline Error invalid_header(std::string_view name) {
    return invalid_request("Value for " + std::string(name) + " header is invalid.");
}

inline Error invalid_digest() {
    return {.code = "InvalidDigest", .message = "The Content-MD5 you specified was invalid."};
}

inline Error invalid_range() {
    return {.code = "InvalidRange", .message = "The requested range is not satisfiable"};
}

inline Error precondition_failed() {
    return {
        .code = "PreconditionFailed",
        .message = "At least one of the pre-conditions you specified did not hold",
    };
}

inline Error no_such_key() {
    return {.code = "NoSuchKey", .message = "The specified key does not exist."};
}

inline Error invalid_bucket_name() {
    return {.code = "InvalidBucketName", .message = "The specified bucket is not valid."};
}

inline Error key_too_long() {
    return {.code = "KeyTooLongError", .message = "Your key is too long"};
}

inline Error invalid_uri() {
    return {.code = "InvalidURI", .message = "Couldn't parse the specified URI."};
}

inline Error method_not_allowed() {
    return {
        .code = "MethodNotAllowed",
        .message = "The specified method is not allowed against this resource.",
    };
}

inline Error header_not_implemented() {
    return {
        .code = "NotImplemented",
        .message = "A header you provided implies functionality that is not implemented",
    };
}

inline Error post_without_form() {
    return {
        .code = "PreconditionFailed",
        .message = "Bucket POST must be of the enclosure-type multipart/form-data",
    };
}

inline Error invalid_storage_class() {
    return {.code = "InvalidStorageClass", .message = "The storage class you specified is not valid"};
}

inline Error metadata_too_large() {
    return {
        .code = "MetadataTooLarge",
        .message = "Your metadata headers exceed the maximum allowed metadata size",
    };
}

inline Error invalid_redirect_location(std::string message) {
    return {.code = "InvalidRedirectLocation", .message = std::move(message)};
}

inline Error invalid_encryption_algorithm() {
    return {
        .code = "InvalidEncryptionAlgorithmError",
        .message = "The encryption request you specified is not valid. The valid value is AES256.",
    };
}

}  // namespace cloudshelf::s3::value_errors
