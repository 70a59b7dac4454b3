#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <filesystem>
#include <string>

namespace cloudshelf::postgres {

/// Tells the fencer one command ("start-primary", "status", …; region/fencer) and waits for its answer, which comes
/// without the leading "ok". Blocks. Errors: "postgres.fencer" (it is not there, or says nothing),
/// "postgres.fencer-refused" (its own words).
Result<std::string> ask_fencer(const std::filesystem::path& socket, const std::string& command, Duration limit);

}  // namespace cloudshelf::postgres
