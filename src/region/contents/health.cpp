// What the scrubber asks of a store: whether a content is whole, and to move it away if it is not.
#include "region/contents/errors.hpp"
#include "region/contents/shared.hpp"
#include "region/contents/store.hpp"

#include <cerrno>
#include <fcntl.h>
#include <stdio.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace cloudshelf::contents {
namespace {

/// What an error of a reader says about the content; nothing where it says nothing.
Result<Health> health_of(const Error& error) {
    if (error.code == "contents.missing") return Health::missing;
    if (error.code == "contents.corrupt") return Health::corrupt;
    return fail(error);
}

Result<Health> read_all(Reader& reader, const ContentName& name) {
    Sha256 digest;
    std::string buffer(piece_bytes, '\0');
    for (std::uint64_t offset = 0; offset < reader.length();) {
        const auto count = reader.read_into(offset, buffer);
        if (!count) return health_of(count.error());
        digest.add({buffer.data(), *count});
        offset += *count;
    }
    // An empty content is never read by the loop, and has a tag all the same.
    if (reader.length() == 0) {
        if (auto proved = reader.prove_empty(); !proved) return health_of(proved.error());
    }
    // Tags say that the pieces are those that were written; this says that they were the right ones.
    return digest.hex() == name.sha256 ? Health::whole : Health::corrupt;
}

}  // namespace

Result<Health> Store::check(const ContentName& name) const {
    auto reader = open(name);
    if (!reader) return health_of(reader.error());
    auto health = read_all(*reader, name);
    reader->forget_pages();
    return health;
}

Result<Health> Store::set_aside(const ContentName& name) {
    if (!is_valid(name)) return fail(bad_name());
    Folder& folder = shared_->folder(name);
    const std::string file = file_of(name);
    // Kept open, so that no other file can get this one's number: what is moved is what was found to be corrupt.
    const Descriptor looked_at(::openat(folder.descriptor.get(), file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct ::stat before{};
    if (looked_at && ::fstat(looked_at.get(), &before) != 0) {
        return fail(io_failed(shared_->path(name), "cannot be looked at", errno));
    }
    auto health = check(name);
    if (!health || *health != Health::corrupt) return health;

    const std::lock_guard guard(folder.mutex);
    struct ::stat now{};
    if (::fstatat(folder.descriptor.get(), file.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0) return Health::missing;
    if (!looked_at || now.st_ino != before.st_ino) return Health::whole;  // just written
    const std::string to = flat(name);
    int number = 0;
    if (::renameat(folder.descriptor.get(), file.c_str(), shared_->quarantine.get(), to.c_str()) != 0) number = errno;
    if (number != 0) return fail(io_failed(shared_->path(name), "cannot be set aside", number));
    auto& counts = shared_->counts;
    --counts.files;
    counts.bytes -= static_cast<std::uint64_t>(now.st_size);
    ++counts.quarantined;
    return Health::corrupt;
}

}  // namespace cloudshelf::contents
