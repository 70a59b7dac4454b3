#pragma once

#include "base/result.hpp"
#include "region/log/entry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::changelog {

/// 32 hexadecimal digits, drawn when a log is created, and again whenever its past changes (a snapshot was installed,
/// a backup restored): positions of logs with different ids have nothing to do with each other.
using LogId = Strong<std::string, struct LogIdTag>;

/// Which log this is, and which one it was copied from: up to `parent_position` the two are the same.
struct Identity {
    LogId id;
    LogId parent;  // empty: it began empty
    Position parent_position;
    friend bool operator==(const Identity&, const Identity&) = default;
};

/// How far a replica got in another region's log. Kept in the same batch as what it applied.
struct Followed {
    LogId id;
    Position position;
    std::uint32_t checksum = 0;  // of the entry there; 0: not known
    friend bool operator==(const Followed&, const Followed&) = default;

    std::string encode() const;
    /// Errors: "log.corrupt".
    static Result<Followed> decode(std::string_view bytes);
};

/// Where a replica may go on in the log it finds at the other side, so that no change is skipped and none is taken for
/// another. Errors: "log.other-log": nowhere, it has to take a snapshot; the message says why.
/// `before` is what it followed there, if it ever did; `own` and `own_last` are its own log's.
Result<Followed> where_to_follow(
    const std::optional<Followed>& before, const Identity& theirs, const Identity& own, Position own_last
);

LogId draw_log_id();

}  // namespace cloudshelf::changelog
