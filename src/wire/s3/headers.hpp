#pragma once

#include "base/result.hpp"
#include "wire/s3/header_list.hpp"
#include "wire/s3/metadata.hpp"
#include "wire/s3/query.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Headers that are stored with an object and given back with it (S3 API, PutObject and GetObject).
namespace cloudshelf::s3 {

/// An empty text: there is none.
struct StoredHeaders {
    std::string content_type = "binary/octet-stream";
    std::string cache_control;
    std::string content_disposition;
    std::string content_encoding;  // without aws-chunked, which is of the request only
    std::string content_language;
    std::string expires;
    std::string website_redirect_location;
    UserMetadata metadata;

    bool operator==(const StoredHeaders&) const = default;
};

/// Of PutObject, CreateMultipartUpload and a copy that replaces metadata. Errors: MetadataTooLarge,
/// InvalidRedirectLocation, InvalidArgument for control characters and invalid names.
Result<StoredHeaders> stored_headers(HeaderList headers);

/// The opposite: the headers of GetObject's and HeadObject's answers.
std::vector<std::pair<std::string, std::string>> answer_headers(const StoredHeaders& stored);

/// GetObject's response-content-type and its like replace what is stored for one answer: names as in answers
/// ("Content-Type") and values. They are for signed requests only; empty ones count as absent. Errors:
/// InvalidArgument for a value that no header may have, as it would end the header.
Result<std::vector<std::pair<std::string, std::string>>> response_overrides(const QueryParameters& query);

/// Sets these in an answer's headers.
void override_headers(
    std::vector<std::pair<std::string, std::string>>& answer,
    const std::vector<std::pair<std::string, std::string>>& overrides
);

/// `x-amz-storage-class`, STANDARD where it is absent. Errors: InvalidStorageClass, also for classes of other services
/// (OUTPOSTS, SNOW, EXPRESS_ONEZONE).
Result<std::string> storage_class(HeaderList headers);

/// `x-amz-acl`: the name of a canned ACL, or an empty text. Errors: InvalidArgument for an unknown one; InvalidRequest
/// beside x-amz-grant-….
Result<std::string> canned_acl(HeaderList headers);

}  // namespace cloudshelf::s3
