#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// Zips as they come from anybody who may deploy. The only door to libarchive.
namespace cloudshelf::functions {

struct PackageLimits {
    std::size_t zip_bytes_max = 50 << 20;
    std::size_t unpacked_bytes_max = 262'144'000;  // 250 MiB
    std::size_t entries_max = 20'000;
    std::size_t path_bytes_max = 1024;
    /// How many bytes may come out of one: looked at once `ratio_from_bytes` are out.
    std::size_t ratio_max = 250;
    std::size_t ratio_from_bytes = 16 << 20;
};

/// Takes a package's files as they are read. Paths are relative, without "." and "..", each comes once, and a folder
/// that is named comes before or after what is in it. Errors of these end the reading and are what the caller gets.
class PackageSink {
public:
    virtual ~PackageSink() = default;
    virtual Result<void> folder(const std::string& path) = 0;
    virtual Result<void> begin_file(const std::string& path, bool executable) = 0;
    virtual Result<void> write(std::string_view bytes) = 0;
    virtual Result<void> end_file() = 0;
};

/// Reads a whole package: every byte is read and every checksum compared, whatever the headers say; what `sink` got
/// before an error is to be thrown away. Errors: "functions.bad-package", with a text for whoever sent it.
Result<void> read_package(std::string_view zip, const PackageLimits& limits, PackageSink& sink);

}  // namespace cloudshelf::functions
