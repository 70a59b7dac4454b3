#include "region/contents/store.hpp"

#include "region/contents/errors.hpp"
#include "region/contents/shared.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cloudshelf::contents {

Result<Writer> Store::begin(std::string_view key) {
    if (!is_key_name(key)) return fail(bad_name());
    if (shared_->keys()->newest(key).key == nullptr) return fail(no_key(key, 0, "the key file lacks it"));
    if (auto may = shared_->may_write(); !may) return fail(std::move(may.error()));
    return Writer(shared_, std::string(key));
}

Result<Reader> Store::open(const ContentName& name) const {
    auto file = open_settled(*shared_, name);
    if (!file) return fail(std::move(file.error()));
    return Reader(shared_, std::move(*file));
}

Result<Pin> Store::pin(const ContentName& name) {
    if (!is_valid(name)) return fail(bad_name());
    Folder& folder = shared_->folder(name);
    const std::lock_guard guard(folder.mutex);
    auto file = open_file(*shared_, name, O_RDONLY);
    if (!file) return fail(std::move(file.error()));
    if (shared_->needs_reopening) return fail(needs_reopening());
    if (const int number = shared_->settle(folder); number != 0) {
        return fail(io_failed(shared_->path(name), "its folder cannot be fsynced", number));
    }
    return Pin(shared_->pins, name);
}

Result<Removal> Store::remove_unreferenced(
    const ContentName& name, const std::function<Result<bool>()>& is_referenced
) {
    if (!is_valid(name)) return fail(bad_name());
    Folder& folder = shared_->folder(name);
    const std::string file = file_of(name);
    // Held until the lock is not: giving the space back, which takes milliseconds where the file system tells the disk
    // of it (`discard`), is done when the last one lets go.
    const Descriptor held(::openat(folder.descriptor.get(), file.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW));
    const std::lock_guard guard(folder.mutex);
    if (shared_->pins->has(name)) return Removal::pinned;  // first: pins.hpp
    auto referenced = is_referenced();
    if (!referenced) return fail(std::move(referenced.error()));
    if (*referenced) return Removal::referenced;
    struct ::stat found{};
    int number = ::fstatat(folder.descriptor.get(), file.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
    if (number == ENOENT) return Removal::missing;
    // Not fsynced: a file that comes back with the power is one that nobody refers to, and is found again.
    if (number == 0 && ::unlinkat(folder.descriptor.get(), file.c_str(), 0) != 0) number = errno;
    if (number != 0) return fail(io_failed(shared_->path(name), "cannot be removed", number));
    auto& counts = shared_->counts;
    --counts.files;
    counts.bytes -= static_cast<std::uint64_t>(found.st_size);
    ++counts.removed;
    return Removal::removed;
}

void Store::use_keys(std::shared_ptr<const KeyFile> keys) {
    shared_->use_keys(std::move(keys));
}

Result<std::uint32_t> Store::key_version(const ContentName& name) const {
    const auto file = open_settled(*shared_, name);
    if (!file) return fail(file.error());
    return file->header.key_version;
}

Metrics Store::metrics() const {
    const auto& counts = shared_->counts;
    return {
        .files = counts.files,
        .bytes = counts.bytes,
        .written = counts.written,
        .written_bytes = counts.written_bytes,
        .found = counts.found,
        .read_bytes = counts.read_bytes,
        .removed = counts.removed,
        .rewrapped = counts.rewrapped,
        .corrupt = counts.corrupt,
        .quarantined = counts.quarantined,
        .pinned = shared_->pins->size(),
        .needs_reopening = shared_->needs_reopening
    };
}

}  // namespace cloudshelf::contents
