#include "wire/s3/tag_header.hpp"

#include "wire/s3/value_errors.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>
#include <optional>

namespace cloudshelf::s3 {
namespace {

constexpr std::size_t tags_max = 10;
constexpr std::size_t key_length_max = 128;
constexpr std::size_t value_length_max = 256;

bool is_tag_character(char c) {
    constexpr std::string_view marks = " +-=._:/@";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.contains(c) ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool is_tag_text(std::string_view text, std::size_t length_max) {
    const auto length = text::utf8_length(text);
    return length && *length <= length_max && std::ranges::all_of(text, is_tag_character);
}

Error malformed() {
    return value_errors::invalid_argument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
        "duplicates."
    );
}

std::optional<Error> refusal(std::string_view key, std::string_view value) {
    if (key.empty() || !is_tag_text(key, key_length_max)) {
        return value_errors::invalid_tag("The TagKey you have provided is invalid");
    }
    if (text::starts_with_ignoring_case(key, "aws:")) {
        return value_errors::invalid_tag("System tags cannot be added/updated by requester");
    }
    if (!is_tag_text(value, value_length_max)) {
        return value_errors::invalid_tag("The TagValue you have provided is invalid");
    }
    return std::nullopt;
}

}  // namespace

Result<TagPairs> parse_tag_header(std::string_view header) {
    TagPairs tags;
    while (!header.empty()) {
        std::string_view encoded = text::take_until(header, '&');
        if (encoded.empty()) continue;
        auto key = text::percent_decoded(text::take_until(encoded, '='), text::Plus::is_blank);
        auto value = text::percent_decoded(encoded, text::Plus::is_blank);
        if (!key || !value) return fail(malformed());
        if (auto error = refusal(*key, *value)) return fail(std::move(*error));
        if (std::ranges::find(tags, *key, &TagPairs::value_type::first) != tags.end()) return fail(malformed());
        if (tags.size() == tags_max) return fail(value_errors::invalid_tag("Object tags cannot be greater than 10"));
        tags.emplace_back(std::move(*key), std::move(*value));
    }
    return tags;
}

std::string tag_header(const TagPairs& tags) {
    std::string header;
    for (const auto& [key, value] : tags) {
        if (!header.empty()) header += '&';
        header.append(text::percent_encoded(key)).append(1, '=').append(text::percent_encoded(value));
    }
    return header;
}

}  // namespace cloudshelf::s3
