#pragma once

#include "base/result.hpp"
#include "io/memory_group.hpp"
#include "region/environments/options.hpp"
#include "region/environments/runner.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>

namespace cloudshelf::functions {

/// What a process is started with.
struct SandboxPlan {
    std::string group;                // name of its control group
    std::filesystem::path temporary;  // made for it
    std::filesystem::path root;
    std::map<std::string, std::string> variables;
    std::optional<uid_t> user;
    std::size_t memory_mib = 128;
    std::size_t processes_max = 0;
    std::size_t files_max = 0;
    std::uint64_t temporary_bytes_max = 0;
};

/// A function's process, and what was made for it. Making and removing block.
struct Sandbox {
    SandboxPlan plan;
    pid_t process = 0;
    int watch = -1;        // a pidfd: readable when the process has ended
    int output = -1;       // what it writes; not blocking
    int memory_used = -1;  // the group's file; -1 without a group
    std::optional<io::MemoryGroup> group;
};

/// Errors: "functions.entrypoint" (the message is the system's word for why), "functions.no-sandbox" (ours; says what
/// is missing).
Result<Sandbox> make_sandbox(SandboxPlan plan);

/// Kills the process and its tree. Not needed where it has a user of its own, which `remove_sandbox` asks for.
void kill_tree_of(pid_t process);

struct Removed {
    bool whole = false;  // nothing that runs is left
    std::uint64_t memory_kills = 0;
};
/// Kills what is left, reaps the process, removes folder and group. `watch`, `output` and `memory_used` are closed by
/// who watches.
Removed remove_sandbox(Sandbox sandbox);

/// What an earlier life of ours left: processes, groups, folders.
void remove_leftovers(
    const std::filesystem::path& environments, const std::string& groups_begin, uid_t users_first, std::size_t users
);

}  // namespace cloudshelf::functions
