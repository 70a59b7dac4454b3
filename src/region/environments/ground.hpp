#pragma once

#include "io/blocking.hpp"
#include "io/task.hpp"
#include "region/environments/log_files.hpp"
#include "region/environments/metrics.hpp"
#include "region/environments/options.hpp"
#include "region/environments/users.hpp"

#include <filesystem>
#include <string>

namespace cloudshelf::functions {

/// How the names of a host's control groups begin.
std::string groups_begin(const std::filesystem::path& folder);

/// What all environments of a host stand on.
struct Ground {
    Ground(io::Executor on, HostOptions chosen);

    std::filesystem::path environments() const { return options.folder / "environments"; }
    std::string groups() const { return groups_begin(options.folder); }
    std::filesystem::path logs() const { return options.folder / "logs"; }
    /// Those that end do not count as environments, up to here: the next invocation does not wait for what is removed.
    std::size_t ending_max() const { return options.environments_max + 16; }
    std::size_t users_count() const { return options.environments_max + ending_max(); }

    io::Executor executor;
    HostOptions options;
    Users users;
    LogFiles log_files;
    Metrics metrics;
    std::uint64_t next_environment = 1;
    /// One thread: processes die with the thread that started them.
    io::BlockingPool spawner{1};
    io::BlockingPool sweeper{2};
};

}  // namespace cloudshelf::functions
