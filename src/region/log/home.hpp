#pragma once

#include "base/result.hpp"
#include "region/log/change_log.hpp"
#include "region/log/database.hpp"

#include <filesystem>

namespace cloudshelf::changelog {

/// A service's folder holds its database in a folder of its own, `db-<n>`, which the file `current` names: so a
/// snapshot takes its place in one rename. Opens it, makes it when there is none, and clears away what an interrupted
/// installation left. Errors: those of Database::open, io::read_file and io::replace_file.
Result<std::shared_ptr<Database>> open_current(const ChangeLog::Options& options);
/// A name for the next one, `db-<n>`, that does not exist yet.
Result<std::filesystem::path> next_home(const std::filesystem::path& folder);
/// Makes it the current one, durably.
Result<void> move_home(const std::filesystem::path& folder, const std::filesystem::path& home);

/// Milliseconds since 1970 by the system's clock.
std::int64_t system_wall_ms();

Database::Options database_options(const ChangeLog::Options& options);

}  // namespace cloudshelf::changelog
