#pragma once

#include "base/result.hpp"

#include <string_view>

namespace cloudshelf::s3 {

/// Whether a bucket may be made under that name (S3 User Guide, "General purpose bucket naming rules"; stricter in that
/// every label between dots begins and ends with a letter or digit, as DNS wants it). Errors: InvalidBucketName.
Result<void> check_bucket_name(std::string_view name);

/// Keys are 1 to 1024 bytes of UTF-8 and else opaque: "../x", "a//b" and "." are keys like any other, and nobody may
/// normalise them or use them as paths. Errors: KeyTooLongError; InvalidURI for an empty one or what is no UTF-8.
Result<void> check_key(std::string_view key);

}  // namespace cloudshelf::s3
