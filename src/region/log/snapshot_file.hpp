#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>

namespace cloudshelf::changelog {

/// The SHA-256 of a file's content. Blocks. Errors: "io.read".
Result<std::string> sha256_of_file(const std::filesystem::path& path);

}  // namespace cloudshelf::changelog
