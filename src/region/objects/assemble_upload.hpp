#pragma once

#include "region/objects/operation.hpp"
#include "region/objects/upload.hpp"
#include "wire/s3/multipart.hpp"

#include <expected>
#include <vector>

namespace cloudshelf::objects {

/// All parts but the last have at least that many bytes (S3 User Guide, "Amazon S3 multipart upload limits").
inline constexpr std::uint64_t part_bytes_min = std::uint64_t{5} << 20;

/// The object that CompleteMultipartUpload makes of an upload's parts: all but its id and its time. `have`: the parts
/// that came, in the order of their numbers. Errors: InvalidPart for one that did not come, or came with another ETag
/// or checksum; EntityTooSmall; EntityTooLarge; InvalidRequest for a checksum that is missing.
std::expected<Version, Refusal> assemble(
    const Upload& upload, const std::vector<UploadedPart>& have, const s3::CompleteMultipartUpload& asked
);

}  // namespace cloudshelf::objects
