#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/tables/backup_store.hpp"
#include "region/tables/table.hpp"

namespace cloudshelf::tables {

class Service;

/// Makes a backup of a table as it is now; its content is filled in. Answers when it is whole and durable. Errors:
/// those of BackupStore::create.
io::Task<Result<Backup>> back_up(Service& service, Backup facts, TablePtr table);
/// Removes the backups whose time is past. Errors: those of BackupStore.
io::Task<Result<void>> remove_expired_backups(Service& service);

/// Removes backups that were left half made and tables that were left half restored by a process that was killed. To be
/// called once the catalogue is loaded and before requests are answered. Errors: those of BackupStore::open and
/// ChangeLog::write.
io::Task<Result<void>> collect_backups(Service& service);

}  // namespace cloudshelf::tables
