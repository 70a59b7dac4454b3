#pragma once

#include "base/result.hpp"
#include "wire/sigv4/credentials.hpp"

#include <filesystem>

namespace cloudshelf::tables_client {

/// A key of a credentials file in AWS's INI format: that profile's, or, where `profile` is empty, the file's only one.
/// Errors: those of io::read_file and sigv4::read_credentials; "tables.no-key" (no such profile, or several keys).
Result<sigv4::Credentials> read_key_file(const std::filesystem::path& file, std::string_view profile = {});

}  // namespace cloudshelf::tables_client
