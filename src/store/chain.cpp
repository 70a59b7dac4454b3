#include "store/chain.hpp"

#include "base/digest.hpp"

#include <fmt/format.h>

namespace cloudshelf::store {

std::string hash_of(const JournalEntry& entry) {
    // Each field with its length, so that no two entries read the same.
    std::string bytes;
    const auto add = [&](const std::string& field) { bytes += fmt::format("{}:{};", field.size(), field); };
    for (const auto& field :
         {std::to_string(entry.index),
          entry.at,
          std::to_string(entry.epoch),
          entry.execution,
          entry.kind,
          entry.data,
          entry.previous_hash}) {
        add(field);
    }
    // Not there in entries of before there were terms, whose hashes stay what they are.
    if (entry.term != 0) add(std::to_string(entry.term));
    return sha256_hex(bytes);
}

std::optional<JournalFault> ChainCheck::next(const JournalEntry& entry) {
    if (entry.index != last_.index + 1) {
        return JournalFault{
            last_.index + 1,
            fmt::format("entry {} is missing: {} follows {}", last_.index + 1, entry.index, last_.index)
        };
    }
    if (entry.previous_hash != last_.hash) {
        return JournalFault{
            entry.index, fmt::format("entry {} does not follow {}: reordered or replaced", entry.index, last_.index)
        };
    }
    if (entry.hash != hash_of(entry)) {
        return JournalFault{entry.index, fmt::format("entry {} was changed", entry.index)};
    }
    last_ = entry;
    return std::nullopt;
}

std::optional<JournalFault> ChainCheck::end(std::uint64_t head_index, const std::string& head_hash) const {
    if (head_index == last_.index && head_hash == last_.hash) return std::nullopt;
    return JournalFault{
        last_.index + 1,
        fmt::format("the journal ends at entry {}, its head says {}: it was cut", last_.index, head_index)
    };
}

}  // namespace cloudshelf::store
