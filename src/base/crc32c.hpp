#pragma once

#include <cstdint>
#include <string_view>

namespace cloudshelf {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`, or of `before` and `bytes` when `before`'s is given. Finds
/// accidents, not forgeries.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t of_before = 0);

}  // namespace cloudshelf
