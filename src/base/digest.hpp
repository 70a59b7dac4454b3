#pragma once

#include <string>
#include <string_view>

namespace cloudshelf {

/// SHA-256 (FIPS 180-4) of the bytes, as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

/// HMAC-SHA-256 (RFC 2104) of the bytes under the key, as 64 lower-case hexadecimal digits.
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

/// Whether two byte strings are equal, in a time that depends on their lengths only. For secrets.
bool equal_in_constant_time(std::string_view left, std::string_view right);

}  // namespace cloudshelf
