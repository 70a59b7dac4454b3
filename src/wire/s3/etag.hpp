#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Entity tags as S3 makes them (S3 API, "Object": ETag). All are strong.
namespace cloudshelf::s3 {

/// Of an object that came in one piece: its MD5 (raw, 16 bytes) in hexadecimal, in quotes.
std::string simple_etag(std::string_view md5);

/// Of an object in parts: the MD5 of its parts' raw MD5s, "-" and their number, in quotes.
std::string multipart_etag(std::span<const std::string> md5s);

/// As answers and documents have it; our values have no quotes.
std::string in_quotes(std::string_view etag);

/// Without the quotes that clients may leave away.
std::string_view unquoted_etag(std::string_view etag);

/// The raw MD5 of a simple ETag, with or without quotes; nothing for any other text.
std::optional<std::string> md5_of_etag(std::string_view etag);

}  // namespace cloudshelf::s3
