#pragma once

#include "io/blocking.hpp"
#include "io/task.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace cloudshelf::functions {

/// What functions write, a file for each: `<function>.log`, and `<function>.log.1` when that became too long. Collected
/// in memory, with a bound, and written by a thread that may wait for the disk.
class LogFiles {
public:
    LogFiles(std::filesystem::path folder, std::uint64_t bytes_max)
        : folder_(std::move(folder)), bytes_max_(bytes_max) {}

    void append(std::string_view function, std::string_view text);
    /// Writes what was collected.
    io::Task<void> flush(io::BlockingPool* pool);
    /// For want of room in memory, or on the disk.
    std::uint64_t bytes_dropped() const { return bytes_dropped_; }

private:
    std::filesystem::path folder_;
    std::uint64_t bytes_max_;
    std::map<std::string, std::string, std::less<>> collected_;
    std::uint64_t bytes_dropped_ = 0;
};

}  // namespace cloudshelf::functions
