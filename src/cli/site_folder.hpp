#pragma once

#include "base/result.hpp"
#include "bookstore/site.hpp"

#include <filesystem>

namespace cloudshelf::cli {

/// A site made by something else, from its folder, in the order of publishing: what is below assets/ first, then other
/// files, then pages, the front page last. Types go by the file's ending. Files below assets/ with a digest in their
/// names (8 or more hexadecimal digits between two dots) are kept for ever, everything else for a minute. Files whose
/// names begin with a dot are left out. Errors: "io.no-file", "io.read", "site.no-front-page".
Result<bookstore::Site> read_site_folder(const std::filesystem::path& folder);

}  // namespace cloudshelf::cli
