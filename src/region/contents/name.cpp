#include "region/contents/name.hpp"

#include <algorithm>

namespace cloudshelf::contents {
namespace {

constexpr std::size_t digits = 64;
constexpr std::size_t folder_digits = 2;

}  // namespace

bool is_key_name(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= key_name_max && std::ranges::all_of(text, fits);
}

bool is_sha256(std::string_view text) {
    const auto fits = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return text.size() == digits && std::ranges::all_of(text, fits);
}

bool is_valid(const ContentName& name) {
    return is_sha256(name.sha256) && is_key_name(name.key);
}

std::string folder_of(const ContentName& name) {
    return name.sha256.substr(0, folder_digits);
}

std::string file_of(const ContentName& name) {
    return name.sha256.substr(folder_digits) + '.' + name.key;
}

std::string flat(const ContentName& name) {
    return name.sha256 + '.' + name.key;
}

std::optional<ContentName> from_flat(std::string_view text) {
    if (text.size() <= digits || text[digits] != '.') return std::nullopt;
    ContentName name{.sha256 = std::string(text.substr(0, digits)), .key = std::string(text.substr(digits + 1))};
    if (!is_valid(name)) return std::nullopt;
    return name;
}

}  // namespace cloudshelf::contents
