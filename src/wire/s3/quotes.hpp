#pragma once

#include <string>
#include <string_view>

/// ETags have quotes in documents and none in our values.
namespace cloudshelf::s3 {

inline std::string in_quotes(std::string_view etag) {
    std::string text = "\"";
    return text.append(etag).append("\"");
}

/// Without the quotes around it; a text without them stays as it is.
inline std::string without_quotes(std::string_view text) {
    if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) text = text.substr(1, text.size() - 2);
    return std::string(text);
}

}  // namespace cloudshelf::s3
