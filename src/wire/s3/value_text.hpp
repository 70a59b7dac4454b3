#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What the readers of headers and targets share.
namespace cloudshelf::s3::text {

std::string lower(std::string_view text);
bool equal_ignoring_case(std::string_view left, std::string_view right);
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);

/// Without blanks and tabs at its ends.
std::string_view trimmed(std::string_view text);

/// Takes what is before the next `end` off `rest`, and `end` with it; all of it where there is none.
std::string_view take_until(std::string_view& rest, char end);

/// Decimal digits only. What is too large for the type is its largest value; nothing for any other text.
std::optional<std::uint64_t> digits(std::string_view text);

/// The bytes of hexadecimal digits (either case).
std::optional<std::string> from_hex(std::string_view text);

enum class Plus : bool { stays, is_blank };

/// Percent-decoding (RFC 3986 §2.1); nothing where an escape is not one.
std::optional<std::string> percent_decoded(std::string_view text, Plus plus);

/// Percent-encoding of all but A-Z a-z 0-9 - _ . ~
std::string percent_encoded(std::string_view text);

/// The number of code points; nothing where the text is no valid UTF-8 (RFC 3629: no surrogates, no overlong forms).
std::optional<std::size_t> utf8_length(std::string_view text);

/// Whether a control character is in it, which no header's value may have.
bool has_control(std::string_view text);

}  // namespace cloudshelf::s3::text
