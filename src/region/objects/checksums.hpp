#pragma once

#include "region/objects/version.hpp"
#include "wire/s3/checksum.hpp"
#include "wire/s3/checksum_elements.hpp"

#include <optional>
#include <string>
#include <string_view>

/// A stored checksum, and how documents carry it.
namespace cloudshelf::objects {

/// Of a whole object or of one part, from its raw value.
StoredChecksum full_checksum(s3::ChecksumAlgorithm algorithm, std::string_view raw);

/// As documents have it; nothing in it where there is no checksum.
s3::ChecksumElements elements_of(const StoredChecksum& checksum);

/// The element of an algorithm.
std::optional<std::string> value_in(const s3::ChecksumElements& elements, s3::ChecksumAlgorithm algorithm);

}  // namespace cloudshelf::objects
