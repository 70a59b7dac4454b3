#pragma once

#include "store/store.hpp"

namespace cloudshelf::store {

/// The hash that an entry must have after its `previous_hash`.
std::string hash_of(const JournalEntry& entry);

/// Follows a journal from its first entry to its last, and says where it stops being what was written.
class ChainCheck {
public:
    /// `last`: what the next entry must follow; nothing: it is the first.
    explicit ChainCheck(JournalEntry last = {}) : last_(std::move(last)) {}
    /// To be told every entry in order, until one is found to be wrong.
    std::optional<JournalFault> next(const JournalEntry& entry);
    /// After the last: a journal whose tail was cut does not end where its head, kept elsewhere, says.
    std::optional<JournalFault> end(std::uint64_t head_index, const std::string& head_hash) const;

    const JournalEntry& last() const { return last_; }

private:
    JournalEntry last_;
};

}  // namespace cloudshelf::store
