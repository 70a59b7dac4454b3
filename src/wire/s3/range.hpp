#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Pieces of objects (RFC 9110 §14; S3 API, GetObject and UploadPartCopy).
namespace cloudshelf::s3 {

/// In bytes; `length` is never 0.
struct ByteRange {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;

    /// The header's value: "bytes 0-4/10".
    std::string content_range(std::uint64_t object_size) const;

    bool operator==(const ByteRange&) const = default;
};

/// `Range` of an object of that size. Nothing, so the whole object, where it is malformed, of another unit, or asks for
/// several ranges, which S3 doesn't give. Errors: InvalidRange (416) where it begins behind the object's end.
Result<std::optional<ByteRange>> parse_range(std::string_view header, std::uint64_t object_size);

/// What goes with a 416: "bytes */10".
std::string unsatisfied_range(std::uint64_t object_size);

/// `x-amz-copy-source-range`: both ends given, and within the source. Errors: InvalidArgument.
Result<ByteRange> parse_copy_source_range(std::string_view header, std::uint64_t source_size);

}  // namespace cloudshelf::s3
