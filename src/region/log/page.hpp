#pragma once

#include "base/result.hpp"
#include "region/log/entry.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::changelog {

/// One answer of the replication protocol: what follows `after` in a log, as far as it is for the asker.
struct Page {
    Position after;
    Position reached;  // the asker has, with these entries, all up to here that is for it
    std::uint32_t reached_checksum = 0;
    Position last;                // of the log, when the page was made
    std::int64_t sent_at_ms = 0;  // by the sender's wall clock
    std::vector<Entry> entries;
};

/// The page's bytes: "CSLP1", the numbers, the entries as they are kept, and a CRC-32C of it all.
std::string encode(const Page& page);

/// Errors: "log.corrupt": anything that `encode` does not make: a wrong checksum, entries out of order or outside
/// (after, reached], bytes left over.
Result<Page> decode_page(std::string_view bytes);

}  // namespace cloudshelf::changelog
