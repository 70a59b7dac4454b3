#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Tags in a header (S3 API, PutObject: x-amz-tagging; User Guide, "Categorizing your objects using tags").
namespace cloudshelf::s3 {

/// Keys and values in their order.
using TagPairs = std::vector<std::pair<std::string, std::string>>;

/// "a=b&c=d" as of a form: "+" is a blank, percent-encoded UTF-8. Errors: InvalidTag as problem_of has it
/// (tagging.hpp); BadRequest for more than 10 tags; InvalidArgument for a key that is there twice and for an encoding
/// that is none.
Result<TagPairs> parse_tag_header(std::string_view header);

/// The opposite.
std::string tag_header(const TagPairs& tags);

}  // namespace cloudshelf::s3
