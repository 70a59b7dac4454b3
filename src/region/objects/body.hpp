#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/contents/writer.hpp"
#include "region/objects/operation.hpp"
#include "wire/s3/checksum.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cloudshelf::objects {

/// What a body of up to 5 GiB is to become.
struct BodyWanted {
    std::string key;  // of encryption at rest: a name in the region's key file
    /// Computed when the request brings no checksum of its own; nothing: none.
    std::optional<s3::ChecksumAlgorithm> checksum;
    /// Computed whatever the request brings; nothing: none.
    std::optional<s3::ChecksumAlgorithm> besides = {};
};

/// A body that came, whole and as it was signed, and is durable.
struct ReceivedBody {
    contents::Stored stored;  // its pin is to be held until the reference is committed
    std::string md5;          // raw
    std::optional<s3::ChecksumAlgorithm> algorithm;
    std::string checksum;  // raw; empty: none
    std::string besides;   // raw, of BodyWanted::besides; empty: none
};

/// Takes the request's body into a content: decodes `aws-chunked`, and checks signatures, Content-MD5, the checksum in
/// header or trailer, and lengths. Nothing is left when it fails. Errors: those of S3 (MissingContentLength,
/// IncompleteBody, EntityTooLarge, BadDigest, InvalidDigest, XAmzContentSHA256Mismatch, InvalidRequest,
/// SignatureDoesNotMatch, RequestTimeout), those of contents::Writer.
io::Task<Result<ReceivedBody>> receive_body(Call call, BodyWanted wanted);

/// The base64 that S3 shows of a raw checksum.
std::string shown_checksum(std::string_view raw);

}  // namespace cloudshelf::objects
