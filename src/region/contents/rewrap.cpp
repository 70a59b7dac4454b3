// A file gets a header of a newer version of its key. Its pieces are bound to the header's first 96 bytes only, which
// stay, so 120 bytes are written over. Were those torn by a crash, the file's key would be lost: the new header is
// therefore durable in tmp/ before, and until it is durable in the file.
#include "region/contents/errors.hpp"
#include "region/contents/shared.hpp"
#include "region/contents/store.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace cloudshelf::contents {
namespace {

/// Answers 0 or an errno.
int write_journal(Shared& shared, const std::string& journal, const Header& header) {
    int number = shared.fault(Step::write_journal);
    if (number != 0) return number;
    // One that is there already is what an earlier failure may still need; only opening the store ends it.
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    const Descriptor file(::openat(shared.tmp.get(), journal.c_str(), flags, 0600));
    if (!file) return errno;
    if (number = write_all(file.get(), header.encode()); number != 0) return number;
    if (shared.options.sync == Sync::off) return 0;
    if (number = shared.fault(Step::sync_journal); number != 0) return number;
    if (::fdatasync(file.get()) != 0) return errno;
    return ::fsync(shared.tmp.get()) == 0 ? 0 : errno;
}

}  // namespace

int put_header(Shared& shared, int descriptor, const Header& header) {
    int number = shared.fault(Step::rewrite_header);
    if (number != 0) return number;
    const std::string encoded = header.encode();
    const std::string_view wrapping = std::string_view(encoded).substr(wrapping_begins);
    if (number = write_all_at(descriptor, wrapping, wrapping_begins); number != 0) return number;
    if (shared.options.sync == Sync::off) return 0;
    if (number = shared.fault(Step::sync_header); number != 0) return number;
    return ::fdatasync(descriptor) == 0 ? 0 : errno;
}

Result<void> finish_rewrap(Shared& shared, const std::string& journal) {
    std::string bytes(header_bytes, '\0');
    std::size_t size = bytes.size();
    const Descriptor file(::openat(shared.tmp.get(), journal.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(io_failed("tmp/" + journal, "cannot be opened", errno));
    if (const int number = read_all_at(file.get(), bytes.data(), size, 0); number != 0) {
        return fail(io_failed("tmp/" + journal, "cannot be read", number));
    }
    bytes.resize(size);
    const auto header = Header::decode(bytes);
    if (!header) return {};  // torn itself: then the file was not touched yet
    const ContentName name{.sha256 = header->sha256, .key = header->key};
    const int folder = shared.folder(name).descriptor.get();
    const Descriptor target(::openat(folder, file_of(name).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!target && errno == ENOENT) return {};
    if (!target) return fail(io_failed(shared.path(name), "cannot be opened", errno));
    // The first 96 bytes are written over by nobody, and no two files have the same: the file was replaced meanwhile
    // where they differ, and must keep its own key.
    std::string there(prologue_bytes, '\0');
    std::size_t there_size = there.size();
    if (const int number = read_all_at(target.get(), there.data(), there_size, 0); number != 0) {
        return fail(io_failed(shared.path(name), "cannot be read", number));
    }
    if (there_size != there.size() || there != header->prologue()) return {};
    if (const int number = put_header(shared, target.get(), *header); number != 0) {
        return fail(io_failed(shared.path(name), "its new header cannot be put in place", number));
    }
    return {};
}

Result<Rewrapped> Store::rewrap(const ContentName& name) {
    if (!is_valid(name)) return fail(bad_name());
    if (auto may = shared_->may_write(); !may) return fail(std::move(may.error()));
    const std::lock_guard guard(shared_->folder(name).mutex);
    auto file = open_file(*shared_, name, O_RDWR);
    if (!file) return fail(std::move(file.error()));
    const auto keys = shared_->keys();
    const auto newest = keys->newest(name.key);
    if (newest.key == nullptr) return fail(no_key(name.key, 0, "the key file lacks it"));
    if (newest.number == file->header.key_version) return Rewrapped::no;
    file->header.wrap(file->data_key, *newest.key, newest.number);

    const std::string journal = flat(name) + std::string(journal_suffix);
    if (const int number = write_journal(*shared_, journal, file->header); number != 0) {
        if (number != EEXIST) ::unlinkat(shared_->tmp.get(), journal.c_str(), 0);
        return fail(io_failed("tmp/" + journal, "cannot be written", number));
    }
    if (const int number = put_header(*shared_, file->descriptor.get(), file->header); number != 0) {
        // Which of the two headers the file has is not known. The journal stays: whoever opens the store ends it.
        return fail(io_failed(shared_->path(name), "its new header cannot be put in place", number));
    }
    shared_->fault(Step::remove_journal);
    ::unlinkat(shared_->tmp.get(), journal.c_str(), 0);  // if it stays, it says what the file has
    ++shared_->counts.rewrapped;
    return Rewrapped::yes;
}

}  // namespace cloudshelf::contents
