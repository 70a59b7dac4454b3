#include "region/functions/unpacker.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace cloudshelf::functions {
namespace {

Result<void> write_all(int descriptor, std::string_view bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail(disk_error(path, errno));
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

}  // namespace

Error disk_error(const std::filesystem::path& path, int problem) {
    const bool full = problem == ENOSPC || problem == EDQUOT;
    return {
        .code = full ? "functions.disk-full" : "functions.io",
        .message = fmt::format("{}: {}", path.string(), std::strerror(problem)),
    };
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail(disk_error(folder, errno));
    const int problem = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    if (problem != 0) return fail(disk_error(folder, problem));
    return {};
}

Result<void> write_file(const std::filesystem::path& path, std::string_view bytes) {
    Unpacker writer(path.parent_path());
    if (auto begun = writer.begin_file(path.filename().string(), false); !begun) return begun;
    if (auto written = writer.write(bytes); !written) return written;
    return writer.end_file();
}

Unpacker::~Unpacker() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> Unpacker::make_folder(const std::filesystem::path& path) {
    if (folders_.contains(path)) return {};
    if (auto above = make_folder(path.parent_path()); !above) return above;
    if (::mkdir(path.c_str(), 0755) != 0 || ::chmod(path.c_str(), 0755) != 0) return fail(disk_error(path, errno));
    folders_.insert(path);
    return {};
}

Result<void> Unpacker::folder(const std::string& path) {
    return make_folder(root_ / path);
}

Result<void> Unpacker::begin_file(const std::string& path, bool executable) {
    const auto file = root_ / path;
    if (auto above = make_folder(file.parent_path()); !above) return above;
    const ::mode_t mode = executable ? 0755 : 0644;
    descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (descriptor_ < 0 || ::fchmod(descriptor_, mode) != 0) return fail(disk_error(file, errno));
    return {};
}

Result<void> Unpacker::write(std::string_view bytes) {
    return write_all(descriptor_, bytes, root_);
}

Result<void> Unpacker::end_file() {
    const int problem = ::fdatasync(descriptor_) == 0 ? 0 : errno;
    ::close(std::exchange(descriptor_, -1));
    if (problem != 0) return fail(disk_error(root_, problem));
    return {};
}

Result<void> Unpacker::sync_folders() const {
    for (const auto& each : folders_) {
        if (auto synced = sync_folder(each); !synced) return synced;
    }
    return {};
}

}  // namespace cloudshelf::functions
