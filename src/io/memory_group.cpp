#include "io/memory_group.hpp"

#include "io/file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace cloudshelf::io {
namespace {

namespace fs = std::filesystem;

bool write(const fs::path& file, const std::string& text) {
    std::ofstream out(file);
    out << text << std::flush;
    return out.good();
}

std::uint64_t number_in(const fs::path& file, const std::string& after) {
    const auto text = read_file(file);
    const auto at = text ? text->find(after) : std::string::npos;
    return at == std::string::npos ? 0 : std::strtoull(text->c_str() + at + after.size(), nullptr, 10);
}

bool is_second_version() {
    const auto controllers = read_file("/sys/fs/cgroup/cgroup.controllers");
    return controllers && controllers->contains("memory");
}

fs::path parent_of_groups(bool second) {
    return second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
}

}  // namespace

Result<MemoryGroup> MemoryGroup::make(std::uint64_t bytes_max, std::string name) {
    if (::geteuid() != 0) return fail("io.no-cgroup", "a control group takes root");
    if (name.empty()) name = fmt::format("cloudshelf-{}", ::getpid());
    const bool second = is_second_version();
    const fs::path parent = parent_of_groups(second);
    if (second) write(parent / "cgroup.subtree_control", "+memory");
    std::error_code failed;
    fs::create_directory(parent / name, failed);
    if (failed)
        return fail(
            "io.no-cgroup", fmt::format("{}: {}: no memory controller here", parent.string(), failed.message())
        );
    MemoryGroup group(parent / name);
    const char* limit = second ? "memory.max" : "memory.limit_in_bytes";
    if (!write(group.folder_ / limit, std::to_string(bytes_max)))
        return fail("io.no-cgroup", fmt::format("{}/{} cannot be written", group.folder_.string(), limit));
    return group;
}

void MemoryGroup::remove_left(const std::string& begin) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(parent_of_groups(is_second_version()), ignored)) {
        if (entry.path().filename().string().starts_with(begin)) ::rmdir(entry.path().c_str());
    }
}

fs::path MemoryGroup::used_max_file() const {
    const fs::path first = folder_ / "memory.max_usage_in_bytes";
    std::error_code ignored;
    return fs::exists(first, ignored) ? first : folder_ / "memory.peak";
}

MemoryGroup::~MemoryGroup() {
    if (folder_.empty()) return;
    // A process that has just ended leaves its group a moment after others see its end.
    for (int tries = 0; ::rmdir(folder_.c_str()) != 0 && errno == EBUSY && tries < 100; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

std::size_t MemoryGroup::count(const std::string& begin) {
    std::error_code ignored;
    std::size_t found = 0;
    for (const auto& entry : fs::directory_iterator(parent_of_groups(is_second_version()), ignored))
        found += entry.path().filename().string().starts_with(begin) ? 1 : 0;
    return found;
}

std::uint64_t MemoryGroup::bytes_used_max() const {
    return std::max(number_in(folder_ / "memory.peak", ""), number_in(folder_ / "memory.max_usage_in_bytes", ""));
}

std::uint64_t MemoryGroup::killed() const {
    return std::max(
        number_in(folder_ / "memory.events", "oom_kill "), number_in(folder_ / "memory.oom_control", "oom_kill ")
    );
}

}  // namespace cloudshelf::io
