#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::s3 {

/// The body of an answer that is an error (S3 API reference, "REST error responses").
struct ErrorDocument {
    std::string code;
    std::string message;
    std::string resource = {};  // empty: not written; so with the two that follow
    std::string request_id = {};
    std::string host_id = {};
    /// BucketName, Key, ArgumentName and ArgumentValue, VersionId, Condition, …: written behind Message, in this order.
    std::vector<std::pair<std::string, std::string>> extras = {};
    bool operator==(const ErrorDocument&) const = default;
};

std::string print(const ErrorDocument& document);

/// Takes any element beside the known ones as an extra; those with children are passed over.
Result<ErrorDocument> parse_error_document(std::string_view body);

}  // namespace cloudshelf::s3
