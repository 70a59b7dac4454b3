#pragma once

#include "region/contents/file.hpp"
#include "region/contents/header.hpp"
#include "region/contents/name.hpp"
#include "region/contents/options.hpp"
#include "region/contents/pins.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

/// What a store, its writers and its readers have in common. Within this module.
namespace cloudshelf::contents {

inline constexpr std::size_t folders = 256;

/// One of the 256 that contents lie in. Its lock is the lock of every name in it: held while a file is put in place,
/// looked for and pinned, removed or rewritten, never while contents are read or written.
struct Folder {
    std::mutex mutex;
    Descriptor descriptor;  // kept open: a failed fsync is told once to each descriptor, and this one must not miss it
    bool settled = false;   // fsynced since the store was opened
};

struct Counts {
    std::atomic<std::uint64_t> files{0}, bytes{0}, written{0}, written_bytes{0}, found{0}, read_bytes{0}, removed{0},
        rewrapped{0}, corrupt{0}, quarantined{0};
};

struct Shared {
    Options options;
    Descriptor lock;  // of the folder: one store at a time
    Descriptor tmp;
    Descriptor quarantine;
    std::array<Folder, folders> of;
    std::shared_ptr<Pins> pins = std::make_shared<Pins>();
    Counts counts;
    std::atomic<std::uint64_t> next_tmp{1};
    std::atomic<bool> needs_reopening{false};

    Folder& folder(const ContentName& name);
    std::string path(const ContentName& name) const;  // for messages

    std::shared_ptr<const KeyFile> keys() const;
    void use_keys(std::shared_ptr<const KeyFile> keys);

    /// 0, or the errno that a test wants.
    int fault(Step step) const { return options.fault ? options.fault(step) : 0; }
    /// Refuses when less than `free_bytes_min` is free, or when a folder's fsync failed. Errors: "contents.disk-full",
    /// "contents.io".
    Result<void> may_write() const;

    /// Fsyncs the folder, whose lock the caller has. Answers 0 or an errno; then nothing is written any more.
    int sync(Folder& folder);
    /// The same, if it was not done since the store was opened. Before a file that was found there counts as durable: a
    /// process that was killed between its rename and its fsync has left one that nobody was told of.
    int settle(Folder& folder) { return folder.settled ? 0 : sync(folder); }

private:
    mutable std::mutex keys_mutex_;
};

/// A file, its header read and found to be its name's own, and the key that opens its pieces.
struct OpenFile {
    Descriptor descriptor;
    Header header;
    Secret data_key;
};

/// Errors: "contents.missing", "contents.corrupt", "contents.no-key", "contents.io". `flags`: O_RDONLY or O_RDWR.
/// The caller has the name's lock, or bears with a header that is being rewritten and looks corrupt.
Result<OpenFile> open_file(Shared& shared, const ContentName& name, int flags);
/// The same, for who does not have the lock: looks again with it before saying "contents.corrupt", and counts that.
Result<OpenFile> open_settled(Shared& shared, const ContentName& name);

/// Writes the file's new wrapping over its old one. `journal`: a name in tmp/, where the new header lies durably until
/// the file has it durably. Within rewrap, and when a store opens that was killed within.
int put_header(Shared& shared, int descriptor, const Header& header);
/// What `Store::open` does with a journal that was left.
Result<void> finish_rewrap(Shared& shared, const std::string& journal);
inline constexpr std::string_view journal_suffix = ".header";

}  // namespace cloudshelf::contents
