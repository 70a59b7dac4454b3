#pragma once

#include "base/ids.hpp"
#include "controller/services.hpp"
#include "io/blocking.hpp"
#include "io/file.hpp"
#include "store/journal_lines.hpp"

#include <string>

namespace cloudshelf::controller {

/// This site's own copy of the journal, `<data>/journal.jsonl`: follows the store's, entry by entry, checks the chain
/// before it writes and syncs what it wrote. It outlives the store.
///
/// Nothing in it is ever changed. Where the store goes on otherwise than the copy (a store that was made anew, or
/// that lost what it had acknowledged), or entries are missing in between, the copy is put aside under a name that says
/// where it ended, and a new one begins.
class JournalCopy {
public:
    struct Options {
        std::size_t page = 500;  // entries read at once
        Duration interval = std::chrono::milliseconds(250);
    };

    JournalCopy(const Services& services, Options options);

    /// Takes up the file where it ended; before everything else. Errors: "journal.unreadable", "io.…".
    Result<void> open();
    /// Begins to follow, for as long as the process lives.
    void begin();
    /// One look at the store: whatever it has more, and no more than a page of it. True: there may be more at once.
    /// Errors: the store's, the file's.
    io::Task<Result<bool>> look();

    /// Where the copy ends; index 0: it is empty.
    const store::JournalEntry& last() const { return last_; }
    /// The newest term in it, also of copies that were put aside.
    Epoch newest_term() const { return newest_term_; }
    /// How many copies this process put aside.
    std::uint64_t put_aside() const { return put_aside_; }
    /// Whether the store's journal ends before this copy does: it was lost, or restored.
    bool is_ahead() const { return is_ahead_; }
    const std::filesystem::path& file() const { return file_; }

private:
    io::Task<void> follow();
    Result<void> put_aside_as(const std::string& why);
    io::Task<Result<void>> write(std::vector<store::JournalEntry> entries);
    Result<void> open_file(std::uintmax_t bytes);
    io::Task<Result<bool>> compare_with_shorter();

    const Services& services_;
    Options options_;
    std::filesystem::path file_;
    io::AppendFile out_;
    std::uintmax_t bytes_ = 0;  // of whole entries
    io::BlockingPool pool_{1};
    store::JournalEntry last_;
    Epoch newest_term_{0};
    std::uint64_t put_aside_ = 0;
    bool is_ahead_ = false;
    std::uint64_t compared_ = 0;  // how much of a shorter journal was found to be the same
    std::string problem_;
};

}  // namespace cloudshelf::controller
