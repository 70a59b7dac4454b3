#pragma once

#include <cstdint>

namespace cloudshelf::contents {

/// Since the store was opened, but for the first two, which are what is there now.
struct Metrics {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;  // of the files: encrypted, with headers and tags
    std::uint64_t written = 0;
    std::uint64_t written_bytes = 0;  // plain
    std::uint64_t found = 0;          // finished writers whose content was there already
    std::uint64_t read_bytes = 0;     // plain, for readers and checks
    std::uint64_t removed = 0;
    std::uint64_t rewrapped = 0;
    std::uint64_t corrupt = 0;      // how often a file, or a piece of it, was found so
    std::uint64_t quarantined = 0;  // files set aside
    std::uint64_t pinned = 0;       // names, now
    bool needs_reopening = false;   // a folder's fsync failed: nothing is written until the store is opened anew
};

}  // namespace cloudshelf::contents
