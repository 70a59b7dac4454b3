#pragma once

#include "base/result.hpp"
#include "io/clock.hpp"
#include "io/task.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::store {

struct Entry {
    std::uint64_t revision = 0;  // grows by one with each change of the key, from 1
    std::string value;
};

struct KeyedEntry {
    std::string key;
    Entry entry;
};

/// Keys that changed, and up to where that was looked at.
struct Changes {
    std::vector<KeyedEntry> entries;
    std::uint64_t mark = 0;
};

/// What a compare-and-swap found.
struct Swapped {
    bool stored = false;
    Entry current;  // what is there now: ours when stored; revision 0 when nothing is
};

inline constexpr std::size_t key_bytes_max = 256;
inline constexpr std::size_t value_bytes_max = 64 << 10;
inline constexpr std::size_t journal_data_bytes_max = 256 << 10;

/// The state store: linearizable compare-and-swap on small keys, and nothing more (design §5). SQLite serves one
/// controller, etcd three. Answers may come in another order than they were asked for. A store outlives its calls.
///
/// An error of certainty unknown means that the change may have been stored, or may still be: read the key again, and
/// decide by its revision and value. Sending the same compare-and-swap again is safe too: at most one of the two is
/// stored, and a refusal carries what is there now, which may be one's own value.
class StateStore {
public:
    virtual ~StateStore() = default;
    /// Errors: "store.unreachable", "store.no-quorum", "store.no-answer", "store.failed"; never unknown: it changes
    /// nothing.
    virtual io::Task<Result<std::optional<Entry>>> get(std::string key) = 0;
    /// Every key that begins with `prefix`, in order, as they were at one moment; the journal's own are none of them.
    /// Errors: those of `get`.
    virtual io::Task<Result<std::vector<KeyedEntry>>> list(std::string prefix) = 0;
    /// The keys of `list` that changed after `mark`, which an earlier answer gave; 0: all of them. A store that keeps
    /// no marks, or that was set back to before this one, answers with all. Errors: those of `get`.
    virtual io::Task<Result<Changes>> changes(std::string prefix, std::uint64_t mark);
    /// `expected` 0: the key must not be there. Errors: those of `get`, "store.too-large", "store.disk-full"; with
    /// certainty unknown when the change may have been stored.
    virtual io::Task<Result<Swapped>> compare_and_swap(std::string key, std::uint64_t expected, std::string value) = 0;

    /// The key's entry as soon as its revision is above `after`; nothing when the deadline passes before. Asks every
    /// `watch_interval`; of several changes in between the last is seen. Errors: the last answer's, at the deadline.
    io::Task<Result<std::optional<Entry>>> watch(std::string key, std::uint64_t after, io::Deadline deadline);
};

inline constexpr Duration watch_interval = std::chrono::milliseconds(50);

/// One entry of the journal: append-only, each chained to the one before by its hash.
struct JournalEntry {
    std::uint64_t index = 0;  // from 1
    std::string at;           // RFC 3339, UTC
    std::uint64_t epoch = 0;
    std::uint64_t term = 0;  // of the leader who appended it; 0: none was asked for, as before there were several
    std::string execution;
    std::string kind;
    std::string data;  // JSON
    std::string previous_hash;
    std::string hash;  // SHA-256 over everything above
};

/// What `verify` found: nothing, or the first entry that is not what was written.
struct JournalFault {
    std::uint64_t index = 0;
    std::string what;
};

class Journal {
public:
    virtual ~Journal() = default;
    /// Answers the entry's index; durable when it returns. Errors: those of `compare_and_swap`, "store.term-ended" (see
    /// below; not retryable), and "store.busy" when others always came first; where the certainty is unknown the entry
    /// may be there, and appending it again may leave it there twice.
    virtual io::Task<Result<std::uint64_t>> append(
        std::uint64_t epoch, std::string execution, std::string kind, std::string data
    ) = 0;
    /// From now on entries are of this term, and are appended only while `key` says so, in digits, checked in the same
    /// transaction: who changes the key ends what others append who still count on it.
    virtual void append_only_while(std::string key, std::uint64_t term) = 0;
    /// At most `count` entries with that index or a higher one, in order. Errors: those of `get`.
    virtual io::Task<Result<std::vector<JournalEntry>>> read(std::uint64_t from, std::size_t count) = 0;
    /// Puts entries of another journal behind the last one as they are, hashes and times too, and checks that they
    /// follow it. Again after an error: what is there already is passed over. Errors: those of `compare_and_swap`,
    /// "store.bad-chain".
    virtual io::Task<Result<void>> restore(std::vector<JournalEntry> entries) = 0;
    /// Reads it all: a changed, cut, added or reordered entry is found. Errors: those of `get`.
    virtual io::Task<Result<std::optional<JournalFault>>> verify() = 0;
};

/// Both, in the same place: what a controller works with.
class Store : public StateStore, public Journal {};

}  // namespace cloudshelf::store
