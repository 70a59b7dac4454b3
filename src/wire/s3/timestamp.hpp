#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Times in documents: ISO 8601, in UTC, to the millisecond.
namespace cloudshelf::s3 {

/// "2009-10-12T17:50:30.000Z", from ms since 1970.
std::string print_timestamp(std::int64_t unix_ms);

/// A date alone is midnight; fractions beyond milliseconds are cut off; offsets (+02:00) are taken. Years 1970 to 9999.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

}  // namespace cloudshelf::s3
