#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::store {

struct Entry {
    std::uint64_t revision = 0;  // grows by one with each change of the key, from 1
    std::string value;
};

/// What a compare-and-swap found.
struct Swapped {
    bool stored = false;
    Entry current;  // what is there now: ours when stored
};

inline constexpr std::size_t key_bytes_max = 256;
inline constexpr std::size_t value_bytes_max = 64 << 10;

/// The state store: linearizable compare-and-swap on small keys, and nothing more (design §5). SQLite serves one
/// controller; etcd is to serve three behind the same calls.
class StateStore {
public:
    virtual ~StateStore() = default;
    virtual Result<std::optional<Entry>> get(const std::string& key) = 0;
    /// `expected` 0: the key must not be there. Errors: "store.too-large", "store.disk-full", "store.failed"; with
    /// certainty unknown when the change may have been stored.
    virtual Result<Swapped> compare_and_swap(
        const std::string& key, std::uint64_t expected, const std::string& value
    ) = 0;
};

/// One entry of the journal: append-only, each chained to the one before by its hash.
struct JournalEntry {
    std::uint64_t index = 0;  // from 1
    std::string at;           // RFC 3339, UTC
    std::uint64_t epoch = 0;
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
    /// Durable when it returns. Errors: "store.disk-full", "store.failed".
    virtual Result<std::uint64_t> append(
        std::uint64_t epoch, const std::string& execution, const std::string& kind, const std::string& data
    ) = 0;
    virtual Result<std::vector<JournalEntry>> read(std::uint64_t from, std::size_t count) = 0;
    /// Reads it all: a changed, cut, added or reordered entry is found.
    virtual Result<std::optional<JournalFault>> verify() = 0;
};

/// The hash that entry must have after `previous_hash`.
std::string hash_of(const JournalEntry& entry);

}  // namespace cloudshelf::store
