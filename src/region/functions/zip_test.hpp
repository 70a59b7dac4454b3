#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Zips for tests: as everybody makes them, and with each byte chosen.
namespace cloudshelf::functions::testing {

inline std::uint32_t crc32_of(std::string_view bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

/// One entry that is stored. What is not said is as it should be.
struct Entry {
    std::string name;
    std::string content;
    unsigned mode = 0100755;
    unsigned flags = 0x0800;  // the name is UTF-8
    unsigned method = 0;
    std::int64_t size = -1;  // as the headers have it; below 0: the content's
    std::int64_t crc = -1;
};

/// A zip of such entries (APPNOTE.TXT 6.3.3).
class ZipBytes {
public:
    ZipBytes& add(const Entry& entry) {
        const auto size = entry.size < 0 ? entry.content.size() : static_cast<std::size_t>(entry.size);
        const auto crc = entry.crc < 0 ? crc32_of(entry.content) : static_cast<std::uint32_t>(entry.crc);
        std::string common;
        number(common, 20, 2);
        number(common, entry.flags, 2);
        number(common, entry.method, 2);
        number(common, 0, 2);       // time
        number(common, 0x5b77, 2);  // date
        number(common, crc, 4);
        number(common, size, 4);
        number(common, size, 4);
        number(common, entry.name.size(), 2);
        number(common, 0, 2);
        const auto offset = bytes_.size();
        bytes_ += "PK\3\4" + common + entry.name + entry.content;
        directory_ += "PK\1\2";
        number(directory_, 3 << 8 | 20, 2);  // made on Unix
        directory_ += common;
        number(directory_, 0, 2);  // comment
        number(directory_, 0, 2);  // disk
        number(directory_, 0, 2);
        number(directory_, static_cast<std::uint64_t>(entry.mode) << 16, 4);
        number(directory_, offset, 4);
        directory_ += entry.name;
        ++entries_;
        return *this;
    }
    std::string bytes() const {
        std::string zip = bytes_ + directory_ + "PK\5\6";
        number(zip, 0, 4);
        number(zip, entries_, 2);
        number(zip, entries_, 2);
        number(zip, directory_.size(), 4);
        number(zip, bytes_.size(), 4);
        number(zip, 0, 2);
        return zip;
    }

private:
    static void number(std::string& to, std::uint64_t value, int width) {
        for (int i = 0; i < width; ++i) to += static_cast<char>(value >> 8 * i);
    }

    std::string bytes_;
    std::string directory_;
    unsigned entries_ = 0;
};

inline const std::string script = "#!/bin/sh\n";

/// A package with a bootstrap, and `more`.
inline std::string package(const std::vector<Entry>& more = {}) {
    ZipBytes zip;
    zip.add({.name = "bootstrap", .content = script});
    for (const auto& entry : more) zip.add(entry);
    return zip.bytes();
}

/// A package whose files are deflated.
inline std::string deflated(const std::vector<std::pair<std::string, std::string>>& files) {
    std::string zip((64 << 20), '\0');
    std::size_t used = 0;
    auto* writer = ::archive_write_new();
    ::archive_write_set_format_zip(writer);
    ::archive_write_set_bytes_in_last_block(writer, 1);
    ::archive_write_open_memory(writer, zip.data(), zip.size(), &used);
    for (const auto& [name, content] : files) {
        auto* entry = ::archive_entry_new();
        ::archive_entry_set_pathname(entry, name.c_str());
        ::archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
        ::archive_entry_set_filetype(entry, AE_IFREG);
        ::archive_entry_set_perm(entry, 0755);
        ::archive_write_header(writer, entry);
        ::archive_write_data(writer, content.data(), content.size());
        ::archive_entry_free(entry);
    }
    ::archive_write_close(writer);
    ::archive_write_free(writer);
    zip.resize(used);
    return zip;
}

}  // namespace cloudshelf::functions::testing
