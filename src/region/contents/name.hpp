#pragma once

#include <compare>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::contents {

/// What a file is found by: what is in it, and under which key it lies. The same bytes under one key are stored once;
/// under two keys twice, since whoever may use one key need not be allowed to use the other.
struct ContentName {
    std::string sha256;  // of the plain bytes: 64 hexadecimal digits, lower case
    std::string key;     // of the region's key file: 1 to 64 of A-Z a-z 0-9 _ -

    auto operator<=>(const ContentName&) const = default;
    bool operator==(const ContentName&) const = default;
};

inline constexpr std::size_t key_name_max = 64;

bool is_key_name(std::string_view text);
bool is_sha256(std::string_view text);
/// Whether both parts are what they have to be. Nothing else gets near a path.
bool is_valid(const ContentName& name);

/// "<2 digits>", the folder that the file lies in, and the file's name there, "<62 digits>.<key>".
std::string folder_of(const ContentName& name);
std::string file_of(const ContentName& name);
/// "<64 digits>.<key>", for folders in which all lie side by side, and for messages.
std::string flat(const ContentName& name);

/// The opposite of `flat`; nothing where it is no such name.
std::optional<ContentName> from_flat(std::string_view text);

}  // namespace cloudshelf::contents
