#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Dates of headers and of XML. All times are UTC.
namespace cloudshelf::s3 {

using Seconds = std::chrono::sys_seconds;
using Milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7, IMF-fixdate). `time`: in the years 0 to 9999.
std::string http_date(Seconds time);

/// Any of the three forms of RFC 9110 §5.6.7; nothing for any other text. Of years with two digits, 70 to 99 are of
/// the last century: a rule that doesn't change with the clock. The day of the week is not compared.
std::optional<Seconds> parse_http_date(std::string_view text);

/// "2009-10-12T17:50:30.000Z". `time`: in the years 0 to 9999.
std::string iso_8601(Milliseconds time);

/// The same with any number of digits after the second, or none (what is less than a millisecond is cut off); with an
/// offset "+01:00" instead of Z; without a time of the day, which is midnight; and the basic form "20091012T175030Z".
std::optional<Milliseconds> parse_iso_8601(std::string_view text);

/// The same as documents have them: ms since 1970, from then to the year 9999.
std::string print_timestamp(std::int64_t unix_ms);
std::optional<std::int64_t> parse_timestamp(std::string_view text);

}  // namespace cloudshelf::s3
