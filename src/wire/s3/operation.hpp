#pragma once

#include "base/result.hpp"
#include "wire/s3/header_list.hpp"
#include "wire/s3/target.hpp"

#include <string_view>

namespace cloudshelf::s3 {

/// The name that S3's API gives to what a request asks for: "PutObject", "CopyObject", "GetBucketReplication", … by
/// method, subresource and, for copies and forms, headers. Of names that the API changed, the newer one
/// ("PutBucketLifecycleConfiguration"). Besides: "PostObject" for a form, "PreflightRequest" for OPTIONS. All that S3
/// has is named, whether or not somebody carries it out; parameters without meaning are passed over. Errors:
/// MethodNotAllowed; InvalidArgument for subresources that exclude each other, for half of a part's coordinates and for
/// an unknown list-type; PreconditionFailed for a POST that is no form.
Result<std::string_view> operation_name(std::string_view method, const Target& target, HeaderList headers);

}  // namespace cloudshelf::s3
