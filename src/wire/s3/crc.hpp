#pragma once

#include <cstdint>
#include <string_view>

namespace cloudshelf::s3 {

/// CRC-32 (ISO-HDLC, RFC 1952 §8; "123456789" gives cbf43926) of `bytes`, or of `before` and `bytes`.
std::uint32_t crc32(std::string_view bytes, std::uint32_t of_before = 0);

/// CRC-64/NVME (NVM Express Base Specification, "64b CRC"; polynomial ad93d23594c93659, reflected, all ones in and out;
/// "123456789" gives ae8b14860a799888) of `bytes`, or of `before` and `bytes`.
std::uint64_t crc64nvme(std::string_view bytes, std::uint64_t of_before = 0);

enum class CrcKind : std::uint8_t { crc32, crc32c, crc64nvme };

/// The CRC of two texts one after the other from that of each and the second's size in bytes; takes no longer for a
/// large one than some microseconds.
std::uint64_t combined_crc(CrcKind kind, std::uint64_t first, std::uint64_t second, std::uint64_t second_size);

}  // namespace cloudshelf::s3
