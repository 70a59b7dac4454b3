#pragma once

#include "base/result.hpp"
#include "wire/s3/header_list.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What users store beside an object (S3 User Guide, "Working with object metadata").
namespace cloudshelf::s3 {

/// Names in lower case, without "x-amz-meta-", in the order in which they came.
using UserMetadata = std::vector<std::pair<std::string, std::string>>;

/// Headers of one name are joined by commas. Errors: MetadataTooLarge where names and values are more than 2 KiB;
/// InvalidArgument for a name that no header may have.
Result<UserMetadata> user_metadata(HeaderList headers);

/// The headers of an answer. Values beyond ASCII are encoded (RFC 2047); those that no header can carry are left out
/// and counted in x-amz-missing-meta.
std::vector<std::pair<std::string, std::string>> metadata_headers(const UserMetadata& metadata);

/// As encoded words of at most 75 characters, "=?UTF-8?B?…?=", none of which ends within a character. `text`: UTF-8.
std::string encoded_words(std::string_view text);

}  // namespace cloudshelf::s3
