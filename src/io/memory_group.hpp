#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace cloudshelf::io {

/// A Linux control group that limits the memory of the processes in it, page cache included: a small machine. Version 2
/// where the memory controller is there, else version 1
/// (https://docs.kernel.org/admin-guide/cgroup-v2.html, …/cgroup-v1/memory.html). Root only. Gone at the end of the
/// scope, when no process is left in it.
class MemoryGroup {
public:
    /// Errors: "io.no-cgroup", saying what is missing. Without a name: one for this process.
    static Result<MemoryGroup> make(std::uint64_t bytes_max, std::string name = "");
    /// Removes groups that are called so, from `begin` on, and have no process: what was left by one that was killed.
    static void remove_left(const std::string& begin);
    /// How many there are that are called so.
    static std::size_t count(const std::string& begin);
    ~MemoryGroup();
    MemoryGroup(MemoryGroup&& other) noexcept : folder_(std::move(other.folder_)) { other.folder_.clear(); }
    MemoryGroup& operator=(MemoryGroup&&) = delete;

    /// The file to write a process id to; what that process starts is in the group too.
    std::filesystem::path members() const { return folder_ / "cgroup.procs"; }
    /// The file that tells what was used at most, as a number.
    std::filesystem::path used_max_file() const;
    /// What was used at most, and how many processes were killed for want of more; 0 where the kernel does not say.
    std::uint64_t bytes_used_max() const;
    std::uint64_t killed() const;

private:
    explicit MemoryGroup(std::filesystem::path folder) : folder_(std::move(folder)) {}
    std::filesystem::path folder_;
};

}  // namespace cloudshelf::io
