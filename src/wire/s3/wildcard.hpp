#pragma once

#include <string_view>

namespace cloudshelf::s3 {

/// Whether a text is as a pattern says: `*` stands for any characters, also none. With `QuestionMark::one`, `?` stands
/// for one byte, as in policies. Takes time in proportion to the product of the lengths, at worst.
enum class QuestionMark : bool { literal, one };
bool matches_wildcard(std::string_view pattern, std::string_view text, QuestionMark question = QuestionMark::literal);

}  // namespace cloudshelf::s3
