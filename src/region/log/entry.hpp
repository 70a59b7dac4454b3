#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"
#include "core/hybrid_clock.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cloudshelf::changelog {

/// Where an entry stands in its log: 1, 2, 3, … without gaps. 0 is before the first.
using Position = Strong<std::uint64_t, struct PositionTag>;

/// What a service says of one change of its data.
struct Change {
    std::string kind;       // the service's own word for it, at most 255 bytes: "put", "delete"
    std::string container;  // which table or bucket, at most 65,535 bytes
    std::string payload;    // the rest, in the service's own format, at most 64 MiB
};

/// A change in its place. The checksum covers all of it and the checksum of the entry before, so an entry that was
/// altered, left out or put elsewhere shows.
struct Entry {
    Position position;
    core::HybridStamp stamp;         // of the write, made by its origin
    RegionName origin;               // where the write was accepted
    std::int64_t logged_at_ms = 0;   // by this log's wall clock since 1970; never less than the entry's before
    std::uint64_t bytes_before = 0;  // of all entries before it, since the log began
    std::uint32_t checksum_before = 0;
    std::uint32_t checksum = 0;
    Change change;
};

/// The entry's bytes, as they are kept and sent, all numbers big-endian. Ends with the checksum, made anew.
std::string encode(const Entry& entry);
/// The checksum at the end of an entry's bytes.
std::uint32_t checksum_in(std::string_view encoded);

/// Errors: "log.corrupt": a length or the checksum is wrong.
Result<Entry> decode_entry(std::string_view bytes);

}  // namespace cloudshelf::changelog
