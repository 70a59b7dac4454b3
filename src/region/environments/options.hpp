#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>

namespace cloudshelf::functions {

struct HostOptions {
    /// Ours alone, on this machine: `environments/` (temporary folders, emptied at each start) and `logs/`.
    std::filesystem::path folder;
    std::string region = "us-east-1";
    /// What every function gets besides its own: credentials and endpoints of the services.
    std::map<std::string, std::string> variables;
    /// Where each environment's runtime API listens, on a port of its own.
    std::string address = "127.0.0.1";

    /// Processes altogether: at work, idle and provisioned.
    std::size_t environments_max = 100;
    Duration idle_limit = std::chrono::minutes(5);
    /// How long a process may take until it asks for its first invocation.
    Duration init_limit = std::chrono::seconds(10);
    /// A process that has answered, and does not ask for the next within this time, gets none until it does.
    Duration rest_limit = std::chrono::milliseconds(100);

    /// As root: each environment runs as a user of its own, from `users_first` on; 16 more than twice as many as there
    /// may be environments (those that end keep theirs until nothing of them is left). No other program, and no other
    /// host of functions on this machine, may use them: what runs as one of them is killed at the start. Zero: all run
    /// as we do, as when we are not root.
    uid_t users_first = 0;
    std::size_t processes_max = 512;  // of a user, threads included
    std::size_t files_max = 1024;
    std::uint64_t temporary_bytes_max = 512ull << 20;
    /// Of a function's log file; one older file is kept beside it.
    std::uint64_t log_bytes_max = 8ull << 20;
};

}  // namespace cloudshelf::functions
