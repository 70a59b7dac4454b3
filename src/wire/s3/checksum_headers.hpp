#pragma once

#include "base/result.hpp"
#include "wire/s3/checksum.hpp"
#include "wire/s3/header_list.hpp"

#include <optional>
#include <string>

namespace cloudshelf::s3 {

/// The checksum that comes with a body.
struct BodyChecksum {
    ChecksumAlgorithm algorithm = ChecksumAlgorithm::crc64nvme;
    std::string raw;          // empty: it comes in the trailer
    bool in_trailer = false;  // a trailer of the body's chunks, announced by x-amz-trailer
};

/// What a request with a body (PutObject, UploadPart, …) brings: an x-amz-checksum-… header, or x-amz-trailer with the
/// name of one. Nothing where it brings none. Errors: InvalidRequest for a malformed one, for two, and for an
/// x-amz-sdk-checksum-algorithm that names another or to which there is none.
Result<std::optional<BodyChecksum>> body_checksum(HeaderList headers);

/// The raw Content-MD5, or nothing. Errors: InvalidDigest.
Result<std::optional<std::string>> content_md5(HeaderList headers);

/// What CreateMultipartUpload asks its parts and its object to be checked with.
struct UploadChecksum {
    ChecksumAlgorithm algorithm = ChecksumAlgorithm::crc64nvme;
    ChecksumType type = ChecksumType::full_object;
};

/// x-amz-checksum-algorithm and x-amz-checksum-type; nothing where no algorithm is asked for. Errors: InvalidRequest.
Result<std::optional<UploadChecksum>> upload_checksum(HeaderList headers);

}  // namespace cloudshelf::s3
