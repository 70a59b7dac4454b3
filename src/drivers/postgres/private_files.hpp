#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>

namespace cloudshelf::postgres {

// Files and folders of the user that PostgreSQL runs as, and of nobody else. `user`: empty means ours.
// Errors: "postgres.files", those of io::replace_file and io::User::find.

/// Makes the folder where there is none.
Result<void> make_private_folder(const std::filesystem::path& path, const std::string& user);
/// A crash at any moment leaves the old or the new content.
Result<void> write_private_file(const std::filesystem::path& path, const std::string& content, const std::string& user);

}  // namespace cloudshelf::postgres
