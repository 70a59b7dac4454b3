#include "wire/s3/tag_header.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/tagging.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>

namespace cloudshelf::s3 {
namespace {

Error malformed() {
    return errors::invalid_argument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
        "duplicates."
    );
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
        if (auto error = problem_of({.key = *key, .value = *value})) return fail(std::move(*error));
        if (std::ranges::find(tags, *key, &TagPairs::value_type::first) != tags.end()) return fail(malformed());
        if (tags.size() == object_tags_max) return fail(errors::too_many_tags("Object", object_tags_max));
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
