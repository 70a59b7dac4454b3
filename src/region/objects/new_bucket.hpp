#pragma once

#include "base/result.hpp"
#include "region/objects/operation.hpp"

namespace cloudshelf::objects {

/// What CreateBucket asks for besides the bucket: x-amz-object-ownership, an access control list, tags in its body.
/// Without the first a bucket has no ownership controls, and so S3's older way (ObjectWriter): lists count, and whoever
/// writes an object owns it. S3 itself makes new buckets BucketOwnerEnforced since 2023; a bucket here does so when it
/// is told to, so that clients which rely on lists go on working. `made`: with its owner. Errors: InvalidArgument,
/// InvalidBucketAclWithObjectOwnership, those of asked_acl.
Result<void> take_settings_of_new(const Call& call, const std::vector<s3::Tag>& tags, Bucket& made);

}  // namespace cloudshelf::objects
