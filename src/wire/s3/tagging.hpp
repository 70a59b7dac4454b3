#pragma once

#include "base/result.hpp"
#include "wire/s3/fields.hpp"
#include "wire/s3/xml.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::s3 {

inline constexpr std::size_t object_tags_max = 10;
inline constexpr std::size_t bucket_tags_max = 50;

struct Tag {
    std::string key;
    std::string value;
    auto operator<=>(const Tag&) const = default;
};

/// Body of PutObjectTagging and PutBucketTagging, answer of GetObjectTagging and GetBucketTagging.
struct Tagging {
    std::vector<Tag> tags;
    bool operator==(const Tagging&) const = default;
};

/// Errors: MalformedXML; InvalidTag for a key of none or more than 128 characters or that begins with "aws:", a value
/// of more than 256, characters that tags may not have, and a key that is there twice; BadRequest for too many.
Result<Tagging> parse_tagging(std::string_view body, std::size_t tags_max);
std::string print(const Tagging& tagging);

/// What is wrong with a tag, or nothing.
std::optional<Error> problem_of(const Tag& tag);

/// A single `Tag` element's key and value.
Tag read_tag(Fields& fields);
/// The `Tag` elements under an element, with limits.
std::vector<Tag> read_tags(Fields& fields, std::size_t tags_max);
void write_tags(XmlWriter& writer, const std::vector<Tag>& tags);

}  // namespace cloudshelf::s3
