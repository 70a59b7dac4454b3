#include "io/file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace cloudshelf::io {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> problem(std::string code, const fs::path& path, const char* doing) {
    const int number = errno;
    if (number == ENOSPC || number == EDQUOT) code = "io.disk-full";
    return fail(std::move(code), fmt::format("{}: {}: {}", path.string(), doing, std::strerror(number)));
}

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace

Result<std::string> read_file(const fs::path& path, std::size_t bytes_max) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return problem("io.no-file", path, "cannot be opened");
    std::string text;
    char buffer[65536];
    for (;;) {
        const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            auto failed = problem("io.read", path, "cannot be read");
            ::close(descriptor);
            return failed;
        }
        if (count == 0) break;
        text.append(buffer, static_cast<std::size_t>(count));
        if (text.size() > bytes_max) {
            ::close(descriptor);
            return fail("io.too-large", fmt::format("{}: larger than {} bytes", path.string(), bytes_max));
        }
    }
    ::close(descriptor);
    return text;
}

Result<void> replace_file(const fs::path& path, std::string_view content, unsigned mode) {
    const fs::path beside = path.string() + fmt::format(".{}.new", ::getpid());
    const int descriptor = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (descriptor < 0) return problem("io.write", beside, "cannot be created");
    const bool written = write_all(descriptor, content) && ::fsync(descriptor) == 0;
    if (!written) {
        auto failed = problem("io.write", beside, "cannot be written");
        ::close(descriptor);
        ::unlink(beside.c_str());
        return failed;
    }
    ::close(descriptor);
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        auto failed = problem("io.write", path, "cannot be replaced");
        ::unlink(beside.c_str());
        return failed;
    }
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        ::fsync(directory);
        ::close(directory);
    }
    return {};
}

AppendFile::~AppendFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

AppendFile::AppendFile(AppendFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

Result<AppendFile> AppendFile::open(const fs::path& path, unsigned mode) {
    AppendFile file;
    file.descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode);
    if (file.descriptor_ < 0) return problem("io.write", path, "cannot be opened");
    return file;
}

Result<void> AppendFile::append(std::string_view bytes, Sync sync) {
    if (descriptor_ < 0) return fail("io.write", "this file failed before: nothing is appended to it any more");
    const bool ok = write_all(descriptor_, bytes) && (sync == Sync::no || ::fdatasync(descriptor_) == 0);
    if (ok) return {};
    auto failed = problem("io.write", "append", "failed");
    ::close(descriptor_);
    descriptor_ = -1;
    return failed;
}

}  // namespace cloudshelf::io
