#include "region/contents/writer.hpp"

#include "region/contents/errors.hpp"
#include "region/contents/shared.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cloudshelf::contents {
namespace {

// As often the disk is told to begin writing, so that the fsync at the end finds little left; and free space is looked
// at again, so that one large content does not eat what was to stay free.
constexpr std::uint64_t writeback_bytes = 8 << 20;

Error finished_before() {
    return {.code = "contents.io", .message = "this content was finished before"};
}

/// How long the file under that name is.
std::optional<std::uint64_t> bytes_of(const Folder& folder, const ContentName& name) {
    struct ::stat found{};
    const int failed = ::fstatat(folder.descriptor.get(), file_of(name).c_str(), &found, AT_SYMLINK_NOFOLLOW);
    if (failed != 0) return std::nullopt;
    return static_cast<std::uint64_t>(found.st_size);
}

}  // namespace

Writer::Writer(std::shared_ptr<Shared> shared, std::string key) : shared_(std::move(shared)), sealer_(data_key_) {
    random_bytes(header_.file_id.data(), header_.file_id.size());
    header_.key = std::move(key);
    prologue_ = header_.prologue();
}

Writer::~Writer() {
    drop();
}

void Writer::drop() {
    file_.close();
    if (shared_ == nullptr || tmp_.empty()) return;
    ::unlinkat(shared_->tmp.get(), tmp_.c_str(), 0);
    tmp_.clear();
}

std::unexpected<Error> Writer::give_up(Error error) {
    drop();
    failed_ = error;
    return fail(std::move(error));
}

Result<void> Writer::create() {
    std::string name = std::to_string(shared_->next_tmp++);
    int number = shared_->fault(Step::create);
    if (number == 0) {
        file_ = Descriptor(::openat(shared_->tmp.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!file_) number = errno;
    }
    if (number != 0) return fail(io_failed("tmp/" + name, "cannot be created", number));
    tmp_ = std::move(name);
    return {};
}

Result<void> Writer::write_piece(std::string_view plain, Last last) {
    // The first one takes the header's place along: it is filled in at the end, when length and digest are known.
    const std::size_t before = pieces_ == 0 ? header_bytes : 0;
    if (pieces_ == 0) {
        if (auto created = create(); !created) return created;
    }
    sealed_.assign(before, '\0');
    sealed_.resize(before + plain.size() + tag_bytes);
    sealer_.seal(nonce_of_piece(pieces_), bound_to_piece(prologue_, last), plain, sealed_.data() + before);
    int number = shared_->fault(Step::write);
    if (number == 0) number = write_all(file_.get(), sealed_);
    if (number != 0) return fail(io_failed("tmp/" + tmp_, "cannot be written", number));
    ++pieces_;
    const std::uint64_t end = offset_of_piece(pieces_);
    if (last == Last::no && end - started_ >= writeback_bytes) {
        // What fails here is told by fdatasync.
        ::sync_file_range(
            file_.get(), static_cast<off_t>(started_), static_cast<off_t>(end - started_), SYNC_FILE_RANGE_WRITE
        );
        started_ = end;
        return shared_->may_write();
    }
    return {};
}

Result<void> Writer::append(std::string_view bytes) {
    if (failed_) return fail(*failed_);
    digest_.add(bytes);
    length_ += bytes.size();
    while (!bytes.empty()) {
        if (waiting_.size() == piece_bytes) {
            if (auto written = write_piece(waiting_, Last::no); !written) return give_up(std::move(written.error()));
            waiting_.clear();
        }
        if (waiting_.empty() && bytes.size() > piece_bytes) {
            auto written = write_piece(bytes.substr(0, piece_bytes), Last::no);
            if (!written) return give_up(std::move(written.error()));
            bytes.remove_prefix(piece_bytes);
            continue;
        }
        const std::string_view taken = bytes.substr(0, piece_bytes - waiting_.size());
        waiting_.append(taken);
        bytes.remove_prefix(taken.size());
    }
    return {};
}

Stored Writer::stored(const ContentName& name) const {
    return {.name = name, .length = length_, .pin = Pin(shared_->pins, name)};
}

/// Under the name's lock.
Result<std::optional<Stored>> Writer::find_existing(const ContentName& name) {
    const auto there = open_file(*shared_, name, O_RDONLY);
    if (there && there->header.length == length_) {
        if (const int number = shared_->settle(shared_->folder(name)); number != 0) {
            return fail(io_failed(shared_->path(name), "its folder cannot be fsynced", number));
        }
        ++shared_->counts.found;
        return stored(name);
    }
    // What is not whole is replaced by what is; and what we may not open, by what we wrote.
    return std::nullopt;
}

/// The last piece and the header: all of a small content, in one write.
Result<void> Writer::write_last(const Header& header) {
    if (pieces_ > 0) {
        if (auto written = write_piece(waiting_, Last::yes); !written) return written;
        int number = shared_->fault(Step::write);
        if (number == 0) number = write_all_at(file_.get(), header.encode(), 0);
        if (number != 0) return fail(io_failed("tmp/" + tmp_, "cannot be written", number));
        return {};
    }
    if (auto created = create(); !created) return created;
    sealed_ = header.encode();
    sealed_.resize(header_bytes + waiting_.size() + tag_bytes);
    sealer_.seal(nonce_of_piece(0), bound_to_piece(prologue_, Last::yes), waiting_, sealed_.data() + header_bytes);
    int number = shared_->fault(Step::write);
    if (number == 0) number = write_all(file_.get(), sealed_);
    if (number != 0) return fail(io_failed("tmp/" + tmp_, "cannot be written", number));
    return {};
}

Result<void> Writer::sync() {
    if (shared_->options.sync == Sync::off) return {};
    int number = shared_->fault(Step::sync_file);
    if (number == 0 && ::fdatasync(file_.get()) != 0) number = errno;
    if (number != 0) return fail(io_failed("tmp/" + tmp_, "cannot be fsynced", number));
    return {};
}

Result<Stored> Writer::put_in_place(const ContentName& name, Replace replace) {
    Folder& folder = shared_->folder(name);
    const std::lock_guard guard(folder.mutex);
    // Another thread's fsync of this folder failed, and only it was told.
    if (shared_->needs_reopening) return fail(needs_reopening());
    if (replace == Replace::no) {
        auto existing = find_existing(name);
        if (!existing) return fail(std::move(existing.error()));
        if (*existing) return std::move(**existing);
    }
    const auto before = bytes_of(folder, name);
    const std::string file = file_of(name);
    int number = shared_->fault(Step::rename);
    if (number == 0 && ::renameat(shared_->tmp.get(), tmp_.c_str(), folder.descriptor.get(), file.c_str()) != 0) {
        number = errno;
    }
    if (number != 0) return fail(io_failed(shared_->path(name), "cannot be put in place", number));
    tmp_.clear();
    number = shared_->sync(folder);
    auto& counts = shared_->counts;
    if (!before) ++counts.files;
    counts.bytes += file_bytes(length_) - before.value_or(0);  // may wrap around, and back
    if (number != 0) {
        // From here on nobody finds it there and takes it for durable. Where it has replaced another one it stays: that
        // one may be referenced, and its bytes are these.
        if (!before && ::unlinkat(folder.descriptor.get(), file.c_str(), 0) == 0) {
            --counts.files;
            counts.bytes -= file_bytes(length_);
        }
        return fail(io_failed(shared_->path(name), "its folder cannot be fsynced", number));
    }
    ++counts.written;
    counts.written_bytes += length_;
    return stored(name);
}

Result<Stored> Writer::finish(const FinishOptions& options) {
    if (failed_) return fail(*failed_);
    header_.sha256 = digest_.hex();
    header_.length = length_;
    failed_ = finished_before();  // for every later call, unless something else is in the way
    const ContentName name{.sha256 = header_.sha256, .key = header_.key};
    if (options.expected_sha256 && *options.expected_sha256 != name.sha256) {
        return give_up(mismatch(*options.expected_sha256, name.sha256));
    }
    if (pieces_ == 0 && options.replace == Replace::no) {  // still in memory: if it is there, nothing has to be written
        const std::lock_guard guard(shared_->folder(name).mutex);
        if (shared_->needs_reopening) return give_up(needs_reopening());
        auto existing = find_existing(name);
        if (!existing) return give_up(std::move(existing.error()));
        if (*existing) return std::move(**existing);
    }
    const auto keys = shared_->keys();
    const auto with = keys->newest(name.key);
    if (with.key == nullptr) return give_up(no_key(name.key, 0, "the key file lacks it"));
    header_.wrap(data_key_, *with.key, with.number);
    if (auto written = write_last(header_); !written) return give_up(std::move(written.error()));
    if (auto synced = sync(); !synced) return give_up(std::move(synced.error()));
    file_.close();
    auto placed = put_in_place(name, options.replace);
    if (!placed) return give_up(std::move(placed.error()));
    drop();  // there is something to drop only when the content was there already
    return placed;
}

}  // namespace cloudshelf::contents
