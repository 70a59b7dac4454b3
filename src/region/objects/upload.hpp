#pragma once

#include "base/result.hpp"
#include "region/objects/version.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cloudshelf::objects {

/// A multipart upload under way.
struct Upload {
    std::string id;
    /// What the object is going to be: all but its bytes. `modified_ms` is when the upload began; of the checksum,
    /// algorithm and type.
    Version draft;
    bool operator==(const Upload&) const = default;
};

/// A part that has come.
struct UploadedPart {
    std::uint16_t number = 0;
    std::int64_t modified_ms = 0;  // since 1970
    std::string etag;              // hexadecimal MD5, without quotes
    Piece piece;
    StoredChecksum checksum;  // of this part
    bool operator==(const UploadedPart&) const = default;
};

std::string encode_upload(const Upload& upload);
/// Errors: "objects.bad-record".
Result<Upload> decode_upload(std::string_view bytes);

std::string encode_part(const UploadedPart& part);
/// Errors: "objects.bad-record".
Result<UploadedPart> decode_part(std::string_view bytes);

}  // namespace cloudshelf::objects
