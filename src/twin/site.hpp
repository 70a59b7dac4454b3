#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace cloudshelf::twin {

/// One program of a site. Its output goes to `<site>/log/<name>.log`.
struct Program {
    std::string name;
    std::vector<std::string> argv;
    std::map<std::string, std::string> env;
    std::string user = {};  // as whom, in the site's folder; empty: as ourselves, where we are
};

/// The machine of one site: starts the site's programs and starts again what ends, as an init does. Everything that
/// runs at the site descends from it, so that a region can be lost whole. `<directory>/site.json` says what to start,
/// `<directory>/site.pid` which process this is.
Result<void> write_site(const std::filesystem::path& directory, const std::vector<Program>& programs);

/// Runs until SIGTERM; then stops the programs in reverse order and whatever they left. Exit status as of main().
int run_site(const std::filesystem::path& directory);

/// Starts `cloudshelf twin-site <directory>` in a session of its own.
/// Errors: "twin.site-running", "io.spawn".
Result<pid_t> start_site(const std::filesystem::path& cloudshelf, const std::filesystem::path& directory);

/// A program of a site that runs, and the memory of it and of everything it started.
struct ProgramMemory {
    std::string name;
    std::uint64_t resident_bytes = 0;
    std::uint64_t resident_bytes_max = 0;  // since it began
};
/// Of the programs that run now, in the order of `site.json`.
std::vector<ProgramMemory> memory_of(const std::filesystem::path& directory);

/// The running site's process, or 0.
pid_t site_pid(const std::filesystem::path& directory);

/// Asks the site to stop and waits; kills what is left at the limit. True when nothing is left.
bool stop_site(const std::filesystem::path& directory, std::chrono::milliseconds limit);

/// Power loss: SIGKILLs every process of the site at once, its machine included. True when nothing is left.
bool kill_site(const std::filesystem::path& directory);

}  // namespace cloudshelf::twin
