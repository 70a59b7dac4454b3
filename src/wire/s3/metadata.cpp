#include "wire/s3/metadata.hpp"

#include "base/base64.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>

namespace cloudshelf::s3 {
namespace {

constexpr std::string_view prefix = "x-amz-meta-";
constexpr std::size_t size_max = 2048;
constexpr std::size_t word_bytes_max = 45;  // 60 characters of Base64 and 12 around them, of 75 that a word may have

/// A header's name may have no other characters (RFC 9110 §5.6.2, token); a form's field might.
bool is_name(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.contains(c);
    });
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

Result<UserMetadata> user_metadata(HeaderList headers) {
    UserMetadata metadata;
    for (const auto& [header, value] : headers) {
        if (!text::starts_with_ignoring_case(header, prefix)) continue;
        const std::string name = text::lower(std::string_view(header).substr(prefix.size()));
        if (!is_name(name)) return fail(errors::invalid_argument("A name of user-defined metadata is invalid"));
        const auto same = std::ranges::find(metadata, name, &UserMetadata::value_type::first);
        if (same == metadata.end()) {
            metadata.emplace_back(name, text::trimmed(value));
        } else {
            same->second.append(",").append(text::trimmed(value));
        }
    }
    std::size_t size = 0;
    for (const auto& [name, value] : metadata) size += name.size() + value.size();
    if (size > size_max) return fail(errors::metadata_too_large());
    return metadata;
}

std::vector<std::pair<std::string, std::string>> metadata_headers(const UserMetadata& metadata) {
    std::vector<std::pair<std::string, std::string>> headers;
    int missing = 0;
    for (const auto& [name, value] : metadata) {
        if (text::has_control(value) || !text::utf8_length(value)) {
            ++missing;
            continue;
        }
        headers.emplace_back(std::string(prefix) + name, is_ascii(value) ? value : encoded_words(value));
    }
    if (missing > 0) headers.emplace_back("x-amz-missing-meta", std::to_string(missing));
    return headers;
}

std::string encoded_words(std::string_view text) {
    std::string words;
    while (!text.empty()) {
        std::size_t size = std::min(text.size(), word_bytes_max);
        // Back to where a character begins.
        while (size > 1 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
        if (!words.empty()) words += ' ';
        words.append("=?UTF-8?B?").append(base64(text.substr(0, size))).append("?=");
        text.remove_prefix(size);
    }
    return words;
}

}  // namespace cloudshelf::s3
