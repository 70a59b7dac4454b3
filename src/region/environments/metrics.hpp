#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace cloudshelf::functions {

/// What happened since the start, and how many environments are how.
struct Metrics {
    std::size_t starting = 0;
    std::size_t idle = 0;
    std::size_t resting = 0;  // have answered, and not yet asked for the next invocation
    std::size_t busy = 0;
    std::size_t ending = 0;
    std::size_t provisioned = 0;  // also counted above

    std::uint64_t invocations = 0;  // that were handed over, or failed before
    std::uint64_t cold_starts = 0;  // invocations that waited for an environment
    std::uint64_t throttles = 0;
    std::uint64_t timeouts = 0;
    std::uint64_t memory_kills = 0;  // processes that the kernel killed for want of memory
    std::uint64_t environments_started = 0;
    std::uint64_t environments_not_started = 0;  // for want of something of the host: processes, descriptors, …
    std::uint64_t users_lost = 0;                // processes of an ended environment that could not be killed
    std::uint64_t log_bytes_dropped = 0;
    std::map<std::string, std::uint64_t> errors_by_type;  // "Runtime.ExitError"; types that functions made up: "other"
    Duration duration_sum{};
};

}  // namespace cloudshelf::functions
