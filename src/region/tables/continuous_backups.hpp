#pragma once

#include "base/result.hpp"
#include "region/tables/backup_store.hpp"
#include "region/tables/service.hpp"

#include <cstdint>
#include <optional>

/// Recovery to a point in time: of each table that has it switched on, a snapshot a day, and every change since in the
/// log, which is held for as long as a snapshot needs it (ChangeLog::hold).
namespace cloudshelf::tables {

/// To be called when the service starts, before the log may trim: the log is held as the snapshots that are there need.
/// Errors: "backup.io".
io::Task<Result<void>> open_continuous_backups(Service& service);
/// Takes snapshots and lets old ones go, until the service stops.
io::Task<void> keep_continuous_backups(Service& service);
/// One round of it, by the service's clock; may run beside another. Errors: those of BackupStore, "log.…".
io::Task<Result<void>> keep_continuous_backups_once(Service& service);

/// The moments to which a table can be put back, in milliseconds since 1970, both included; nothing when its first
/// snapshot is not whole yet. Precondition: table.point_in_time. Blocks.
struct RecoveryWindow {
    std::int64_t from_ms = 0;
    std::int64_t until_ms = 0;
};
Result<std::optional<RecoveryWindow>> recovery_window(Service& service, const Table& table);

/// Writes into `table` what `source` held at that moment: everything logged by then. Errors: "tables.no-snapshot" (the
/// moment is outside the window), those of BackupStore and of ChangeLog.
io::Task<Result<void>> restore_moment(Service& service, TablePtr source, std::int64_t at_ms, TablePtr table);

}  // namespace cloudshelf::tables
