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

/// What all environments of a host stand on.
struct Ground {
    Ground(io::Executor on, HostOptions chosen);

    std::filesystem::path environments() const { return options.folder / "environments"; }
    std::filesystem::path logs() const { return options.folder / "logs"; }
    std::size_t users_count() const { return options.environments_max * 2; }

    io::Executor executor;
    HostOptions options;
    std::string groups_begin;  // of control groups' names, ours alone
    Users users;
    LogFiles log_files;
    Metrics metrics;
    std::uint64_t next_environment = 1;
    /// One thread: processes die with the thread that started them.
    io::BlockingPool spawner{1};
    io::BlockingPool sweeper{2};
};

}  // namespace cloudshelf::functions
