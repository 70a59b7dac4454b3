#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/upload.hpp"
#include "wire/s3/checksum.hpp"

#include <cstdint>

/// How a part of an upload comes to be: by UploadPart and UploadPartCopy alike.
namespace cloudshelf::objects {

/// What a request's `uploadId` and `partNumber` name.
struct PartTarget {
    Upload upload;
    std::uint16_t number = 0;
};

/// The upload that a request's `uploadId` names. Errors: NoSuchUpload.
Result<Upload> find_asked_upload(const Call& call);
/// Errors: NoSuchUpload; InvalidArgument for a number out of 1 to 10,000.
Result<PartTarget> find_part_target(const Call& call);

/// What an upload's parts, and then its object, are checked with: what CreateMultipartUpload asked for, or CRC64NVME,
/// which S3 takes when nobody asks.
s3::ChecksumAlgorithm checksum_of_parts(const Upload& upload);
/// Whether CreateMultipartUpload asked for it, so that answers about parts show it.
bool asked_for_checksum(const Upload& upload);

/// Stores a part, which takes the place of an earlier one of its number; answers it as it is stored. Its content must
/// be pinned by the caller until this answers, and is collected when it certainly failed. Errors: NoSuchBucket;
/// NoSuchUpload where the upload ended meanwhile; those of ChangeLog::write.
io::Task<Result<UploadedPart>> store_part(Call call, PartTarget target, UploadedPart part);

}  // namespace cloudshelf::objects
