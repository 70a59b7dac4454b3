#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/version.hpp"
#include "region/objects/version_store.hpp"
#include "wire/s3/conditions.hpp"

#include <functional>

/// How a version comes to be: by PutObject, CopyObject and CompleteMultipartUpload alike.
namespace cloudshelf::objects {

/// What a request says of a new version: all but its bytes, its id and its time. That it may write is known; what its
/// headers set besides (tags, an access control list, a lock) are actions of their own, which are asked for here.
/// Errors: those of the headers, S3's; AccessDenied.
Result<Version> draft_version(const Call& call);

/// The name in the key file that a version's key id stands for. Errors: KMS.NotFoundException.
Result<std::string> content_key(const std::string& key_id);

/// What else a new version's decision does: takes an upload away.
using AlsoDecide = std::function<Result<void>(changelog::Batch& batch, BucketNumber bucket)>;

/// Stores a version with id, time, the bucket's default lock and where it is replicated to, if the conditions hold for
/// what is there; answers it as it is stored. What it replaces is collected behind. Contents must be pinned by the
/// caller until this answers. Errors: NoSuchBucket, those of check_write, of ChangeLog::write.
io::Task<Result<Version>> store_version(Call call, Version draft, s3::Conditions conditions, AlsoDecide also = nullptr);

/// The headers that answers about a version have in common: version id, encryption.
void append_version_headers(io::Headers& to, const Version& version, Versioning versioning);
/// x-amz-checksum-… and its type, where the version has one.
void append_checksum_headers(io::Headers& to, const StoredChecksum& checksum);

}  // namespace cloudshelf::objects
