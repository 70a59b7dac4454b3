#pragma once

#include "base/time.hpp"
#include "core/plan.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::core {

/// A backup of a table, as the store that keeps it tells of it.
struct KeptBackup {
    std::string id;    // its ARN
    std::string name;  // as whoever made it named it
    std::string table;
    std::int64_t created_ms = 0;              // since 1970
    bool available = true;                    // false: still being made
    bool verified = false;                    // it was read again whole, or restored
    std::map<std::string, std::string> tags;  // RetentionDays is what expiry goes by
};

/// What the plan wants of one table's backups now.
struct BackupWork {
    struct Make {
        std::string name;
        std::map<std::string, std::string> tags;
        std::string untagged;  // id of one of this name that was made and not tagged: only its tags are missing
        bool operator==(const Make&) const = default;
    };
    std::optional<Make> make;
    std::vector<std::string> expired;  // ids, the oldest first: to be deleted after `make` has succeeded
    bool operator==(const BackupWork&) const = default;
};

/// Days since 1970 are cut into intervals of `every`, from midnight UTC on 1970-01-01: a backup is due when no backup
/// of the plan's (one with its BackupType tag) was begun in the current interval, so that a new leader makes no second
/// one and a missed interval is not made up for twice. Backups without RetentionDays, or with one that is no number of
/// days, never expire; nor does the last available backup of the table that was verified (the last available one, where
/// none was).
BackupWork backup_work(
    const TableBackup& plan, std::string_view table, const std::vector<KeptBackup>& kept, std::int64_t now_ms
);

/// The plan's name for a backup: {date} becomes 2026-11-23, in UTC. With intervals of less than a day, the time of day
/// goes behind it: 2026-11-23-0600.
std::string backup_name(const TableBackup& plan, std::int64_t now_ms);

}  // namespace cloudshelf::core
