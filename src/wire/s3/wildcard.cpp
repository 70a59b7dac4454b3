#include "wire/s3/wildcard.hpp"

#include <cstddef>

namespace cloudshelf::s3 {

bool matches_wildcard(std::string_view pattern, std::string_view text, QuestionMark question) {
    // Only the last star is ever tried again: what an earlier one took too little of, the later one can take.
    std::size_t at = 0, in = 0;
    std::size_t after_star = std::string_view::npos, star_takes_until = 0;
    while (at < text.size()) {
        if (in < pattern.size() && pattern[in] == '*') {
            after_star = ++in;
            star_takes_until = at;
        } else if (in < pattern.size() &&
                   (pattern[in] == text[at] || (pattern[in] == '?' && question == QuestionMark::one))) {
            ++in;
            ++at;
        } else if (after_star != std::string_view::npos) {
            in = after_star;
            at = ++star_takes_until;
        } else {
            return false;
        }
    }
    while (in < pattern.size() && pattern[in] == '*') ++in;
    return in == pattern.size();
}

}  // namespace cloudshelf::s3
