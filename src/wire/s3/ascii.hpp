#pragma once

#include <string>
#include <string_view>

namespace cloudshelf::s3 {

/// A-Z as a-z; nothing else changes.
inline std::string ascii_lower(std::string_view text) {
    std::string lowered(text);
    for (char& c : lowered) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lowered;
}

}  // namespace cloudshelf::s3
