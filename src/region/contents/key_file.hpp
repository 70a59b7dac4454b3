#pragma once

#include "base/result.hpp"
#include "region/contents/cipher.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::contents {

/// The region's keys: lines `name version base64(32 bytes)`, comments begin with #. A key may have several versions;
/// new files are wrapped with the highest, the others open what is older. `default` is what SSE-S3 uses, the others are
/// ids of SSE-KMS. Whoever has lost this file has lost every content: keep a copy where no region is.
///
/// Errors of all: "contents.keys" (bad line, with its number; readable by others; there already), "contents.io",
/// "contents.disk-full". No error and no log line has a byte of a key in it.
class KeyFile {
public:
    struct Version {
        std::uint32_t number = 0;
        const Secret* key = nullptr;  // lives as long as the KeyFile
    };

    /// Makes a file with one random key for each name, mode 0600; one that is there is left alone.
    static Result<KeyFile> create(const std::filesystem::path& path, const std::vector<std::string>& names);
    static Result<KeyFile> read(const std::filesystem::path& path);

    /// Adds a random key as the name's next version (its first, where the name is new), and is durable before a file
    /// can be wrapped with it. The text that is there, comments included, stays as it is.
    static Result<KeyFile> rotate(const std::filesystem::path& path, std::string_view name);

    /// The highest version; `key` is null where there is no such name.
    Version newest(std::string_view name) const;
    /// Null where there is none.
    const Secret* find(std::string_view name, std::uint32_t version) const;
    std::vector<std::string> names() const;

private:
    static Result<KeyFile> parse(std::string_view text, const std::filesystem::path& path);

    std::map<std::string, std::map<std::uint32_t, Secret>, std::less<>> keys_;
};

}  // namespace cloudshelf::contents
