#include "region/contents/shared.hpp"

#include "region/contents/errors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace cloudshelf::contents {

Folder& Shared::folder(const ContentName& name) {
    return of[std::stoul(folder_of(name), nullptr, 16)];
}

std::string Shared::path(const ContentName& name) const {
    return (options.folder / folder_of(name) / file_of(name)).native();
}

std::shared_ptr<const KeyFile> Shared::keys() const {
    const std::lock_guard guard(keys_mutex_);
    return options.keys;
}

void Shared::use_keys(std::shared_ptr<const KeyFile> keys) {
    const std::lock_guard guard(keys_mutex_);
    options.keys = std::move(keys);
}

Result<void> Shared::may_write() const {
    if (needs_reopening) return fail(contents::needs_reopening());
    if (options.free_bytes_min == 0) return {};
    struct ::statvfs found{};
    if (::fstatvfs(tmp.get(), &found) != 0) {
        return fail(io_failed(options.folder.native(), "its free space cannot be told", errno));
    }
    const std::uint64_t free_bytes = std::uint64_t{found.f_bavail} * found.f_frsize;
    if (free_bytes >= options.free_bytes_min) return {};
    return fail(disk_full(fmt::format("{} bytes of the disk are free", free_bytes)));
}

int Shared::sync(Folder& folder) {
    if (options.sync == Sync::off) return 0;
    int number = fault(Step::sync_folder);
    if (number == 0 && ::fsync(folder.descriptor.get()) != 0) number = errno;
    if (number != 0) needs_reopening = true;
    folder.settled = number == 0;
    return number;
}

Result<OpenFile> open_file(Shared& shared, const ContentName& name, int flags) {
    const int folder = shared.folder(name).descriptor.get();
    OpenFile file{.descriptor = Descriptor(::openat(folder, file_of(name).c_str(), flags | O_CLOEXEC | O_NOFOLLOW))};
    if (!file.descriptor && errno == ENOENT) return fail(missing(name));
    if (!file.descriptor) return fail(io_failed(shared.path(name), "cannot be opened", errno));
    std::string bytes(header_bytes, '\0');
    std::size_t size = bytes.size();
    if (const int number = read_all_at(file.descriptor.get(), bytes.data(), size, 0); number == EIO) {
        return fail(corrupt(name, "the disk cannot read it"));
    } else if (number != 0) {
        return fail(io_failed(shared.path(name), "cannot be read", number));
    }
    bytes.resize(size);
    auto header = Header::decode(bytes);
    if (!header) return fail(corrupt(name, "it does not begin with a header of ours"));
    file.header = std::move(*header);
    if (file.header.sha256 != name.sha256 || file.header.key != name.key) {
        return fail(corrupt(name, fmt::format("it is the file of {}.{}", file.header.sha256, file.header.key)));
    }
    struct ::stat found{};
    if (::fstat(file.descriptor.get(), &found) != 0) {
        return fail(io_failed(shared.path(name), "cannot be looked at", errno));
    }
    if (static_cast<std::uint64_t>(found.st_size) != file_bytes(file.header.length)) {
        return fail(corrupt(name, fmt::format("it is {} bytes long", found.st_size)));
    }
    // A key file that is not the right one must not make every file look corrupt: the checksum held, so whoever wrote
    // this header used a key that we don't have.
    const auto keys = shared.keys();
    const std::uint32_t version = file.header.key_version;
    const Secret* const key = keys->find(name.key, version);
    if (key == nullptr) return fail(no_key(name.key, version, "the key file lacks it"));
    if (fingerprint_of(*key) != file.header.fingerprint) {
        return fail(no_key(name.key, version, "the key file has another key of that name"));
    }
    auto data_key = file.header.unwrap(*key);
    if (!data_key) return fail(corrupt(name, "its header was changed"));
    file.data_key = std::move(*data_key);
    return file;
}

Result<OpenFile> open_settled(Shared& shared, const ContentName& name) {
    if (!is_valid(name)) return fail(bad_name());
    auto file = open_file(shared, name, O_RDONLY);
    if (!file && file.error().code == "contents.corrupt") {
        const std::lock_guard guard(shared.folder(name).mutex);
        file = open_file(shared, name, O_RDONLY);
    }
    if (!file && file.error().code == "contents.corrupt") ++shared.counts.corrupt;
    return file;
}

}  // namespace cloudshelf::contents
