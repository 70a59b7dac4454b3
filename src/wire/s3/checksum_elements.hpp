#pragma once

#include "wire/s3/fields.hpp"
#include "wire/s3/xml.hpp"

#include <optional>
#include <string>

namespace cloudshelf::s3 {

/// An object's or a part's checksums as documents carry them: base64, for some with "-N" behind. At most one is usual.
struct ChecksumElements {
    std::optional<std::string> crc32;
    std::optional<std::string> crc32c;
    std::optional<std::string> crc64nvme;
    std::optional<std::string> sha1;
    std::optional<std::string> sha256;
    std::optional<std::string> type;  // COMPOSITE or FULL_OBJECT
    bool operator==(const ChecksumElements&) const = default;
};

ChecksumElements read_checksums(Fields& fields);
void write_checksums(XmlWriter& writer, const ChecksumElements& checksums);

}  // namespace cloudshelf::s3
