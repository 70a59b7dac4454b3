#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What HTTP bodies need of zlib.
namespace cloudshelf::tables {

/// The checksum of `x-amz-crc32` (ISO 3309, as gzip has it).
std::uint32_t crc32(std::string_view bytes);

/// One gzip member, quickly rather than small.
std::string gzip(std::string_view bytes);

/// The opposite, of one member or several. Errors: "tables.bad-gzip"; "tables.too-large" when there would be more than
/// `bytes_max`, which are never made.
Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max);

}  // namespace cloudshelf::tables
