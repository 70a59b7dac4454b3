#include "region/contents/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace cloudshelf::contents {

void Descriptor::close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
}

int write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return 0;
}

int write_all_at(int descriptor, std::string_view bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        bytes.remove_prefix(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return 0;
}

int read_all_at(int descriptor, char* to, std::size_t& size, std::uint64_t offset) {
    const std::size_t wanted = std::exchange(size, 0);
    while (size < wanted) {
        const ssize_t count = ::pread(descriptor, to + size, wanted - size, static_cast<off_t>(offset + size));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    return 0;
}

int sync_folder(const std::filesystem::path& folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened) return errno;
    return ::fsync(opened.get()) == 0 ? 0 : errno;
}

}  // namespace cloudshelf::contents
