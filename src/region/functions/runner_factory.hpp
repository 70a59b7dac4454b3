#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "io/clock.hpp"
#include "io/task.hpp"
#include "region/environments/runner.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace cloudshelf::functions {

/// What a runner needs to know of the service in front of it.
struct RunnerTerms {
    io::Executor executor;
    RegionName region;
    std::filesystem::path folder;   // its own, made when it needs one
    std::size_t concurrency = 100;  // environments at work at once, of all functions
};

/// A runner with its end: `stop` ends all environments, and is asked once, before the runner goes. `append_metrics`
/// appends Prometheus' text format. Both may be null.
struct RunnerInUse {
    std::shared_ptr<Runner> runner;
    std::function<io::Task<void>(io::Deadline deadline)> stop;
    std::function<void(std::string& to)> append_metrics;
};

using MakeRunner = std::function<Result<RunnerInUse>(RunnerTerms terms)>;

}  // namespace cloudshelf::functions
