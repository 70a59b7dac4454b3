#include "wire/s3/tagging.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>

namespace cloudshelf::s3 {
namespace {

/// Letters, digits and spaces of any script, and + - = . _ : / @ (S3 user guide, "Categorizing your objects using
/// tags").
bool allowed(std::string_view text) {
    constexpr std::string_view signs = " +-=._:/@";
    return std::ranges::all_of(text, [&](char c) {
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        return letter || static_cast<unsigned char>(c) >= 0x80 || signs.contains(c);
    });
}

}  // namespace

std::optional<Error> problem_of(const Tag& tag) {
    constexpr std::size_t key_characters_max = 128;
    constexpr std::size_t value_characters_max = 256;
    const auto fits = [](std::string_view text, std::size_t characters_max) {
        const auto characters = text::utf8_length(text);
        return characters && *characters <= characters_max && allowed(text);
    };
    if (text::starts_with_ignoring_case(tag.key, "aws:"))
        return errors::invalid_tag("System tags cannot be added/updated by requester");
    if (tag.key.empty() || !fits(tag.key, key_characters_max))
        return errors::invalid_tag("The TagKey you have provided is invalid");
    if (!fits(tag.value, value_characters_max)) return errors::invalid_tag("The TagValue you have provided is invalid");
    return std::nullopt;
}

Tag read_tag(Fields& fields) {
    Tag tag{.key = fields.need_text("Key"), .value = fields.need_text("Value")};
    if (fields.good()) {
        if (auto problem = problem_of(tag)) fields.complain(std::move(*problem));
    }
    return tag;
}

std::vector<Tag> read_tags(Fields& fields, std::size_t tags_max) {
    std::vector<Tag> tags;
    fields.each("Tag", [&](Fields& tag) { tags.push_back(read_tag(tag)); });
    if (tags.size() > tags_max) {
        fields.complain(errors::too_many_tags(tags_max == object_tags_max ? "Object" : "Bucket", tags_max));
    }
    std::vector<std::string_view> keys(tags.size());
    std::ranges::transform(tags, keys.begin(), &Tag::key);
    std::ranges::sort(keys);
    if (std::ranges::adjacent_find(keys) != keys.end())
        fields.complain(errors::invalid_tag("Cannot provide multiple Tags with the same key"));
    return tags;
}

void write_tags(XmlWriter& writer, const std::vector<Tag>& tags) {
    for (const auto& tag : tags) {
        writer.open("Tag");
        writer.element("Key", tag.key);
        writer.element("Value", tag.value);
        writer.close();
    }
}

Result<Tagging> parse_tagging(std::string_view body, std::size_t tags_max) {
    const auto read = [&](Fields& root, Tagging& tagging) {
        root.need_inside("TagSet", [&](Fields& set) { tagging.tags = read_tags(set, tags_max); });
    };
    return read_document<Tagging>(body, "Tagging", read);
}

std::string print(const Tagging& tagging) {
    XmlWriter writer("Tagging");
    writer.open("TagSet");
    write_tags(writer, tagging.tags);
    return writer.finish();
}

}  // namespace cloudshelf::s3
