#pragma once

#include "store/store.hpp"

#include <boost/json/object.hpp>

#include <filesystem>
#include <functional>
#include <span>

namespace cloudshelf::store {

/// The journal as JSON Lines: one entry, one line. `data` is a string with the very bytes that the hash covers.
std::string to_line(const JournalEntry& entry);
boost::json::object to_json(const JournalEntry& entry);
/// Fields that we do not know are passed over. Errors: "journal.unreadable".
Result<JournalEntry> parse_line(std::string_view line);
Result<JournalEntry> parse_entry(const boost::json::value& value);

inline constexpr std::size_t line_bytes_max = 2 << 20;  // the largest entry, with every byte of it escaped

/// What a file of journal lines holds.
struct JournalFileContent {
    JournalEntry first;  // index 0: the file is empty or is not there
    JournalEntry last;
    std::optional<JournalFault> fault;  // the first line that is not what was written; nothing behind it was read
    std::uint64_t whole_bytes = 0;      // where the last line that is whole and right ends
    bool torn = false;                  // what follows is part of a line: its writer was ended
};

/// Reads such a file line by line and follows its chain, from whichever entry it begins with; each right entry is shown
/// to `entry`. Errors: "journal.unreadable" for a file that cannot be read at all.
Result<JournalFileContent> read_journal_file(
    const std::filesystem::path& path, const std::function<void(const JournalEntry&)>& entry = {}
);

/// One copy of the journal, for `merge`.
struct JournalCopyOf {
    std::string name;
    std::vector<JournalEntry> entries;
};

struct MergedJournal {
    std::vector<JournalEntry> entries;     // by term and index, each once
    std::vector<std::string> differences;  // in words: who says otherwise, what is in no copy
};

/// Puts copies together by (term, index). The same entry in several copies is one; a copy that only ends earlier does
/// not differ. Of two entries with the same index both are there: after a store was made anew, and where a store lost
/// what it had acknowledged.
MergedJournal merge_journals(std::span<const JournalCopyOf> copies);

}  // namespace cloudshelf::store
