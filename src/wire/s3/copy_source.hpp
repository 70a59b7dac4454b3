#pragma once

#include "base/result.hpp"
#include "wire/s3/header_list.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What CopyObject and UploadPartCopy say about their source (S3 API, CopyObject).
namespace cloudshelf::s3 {

struct CopySource {
    std::string bucket;
    std::string key;
    std::optional<std::string> version_id;

    bool operator==(const CopySource&) const = default;
};

/// "/bucket/key?versionId=…", percent-encoded, with or without the first slash; "+" stays one. Names are checked.
/// Errors: InvalidArgument; KeyTooLongError, InvalidURI for a key that can be none.
Result<CopySource> parse_copy_source(std::string_view header);

/// The opposite.
std::string copy_source_header(const CopySource& source);

/// Whether metadata or tags come with the copy from its source, or from the request.
enum class CopyDirective : std::uint8_t { copy, replace };

/// `x-amz-metadata-directive`, `x-amz-tagging-directive`: COPY where they are absent. Errors: InvalidArgument.
Result<CopyDirective> metadata_directive(HeaderList headers);
Result<CopyDirective> tagging_directive(HeaderList headers);

}  // namespace cloudshelf::s3
