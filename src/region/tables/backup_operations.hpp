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
/// The backup of an ARN. Blocks. Errors: BackupNotFoundException, those of BackupStore::find.
Result<Backup> find_backup(const Service& service, const std::string& arn);
/// Gives a backup other tags. Blocks. Errors: those of BackupStore::set_tags.
Result<void> tag_backup(
    const Service& service, std::string_view id, std::vector<std::pair<std::string, std::string>> tags
);
/// Removes the backups whose time is past. Errors: those of BackupStore.
io::Task<Result<void>> remove_expired_backups(Service& service);

/// Removes backups that were left half made and tables that were left half restored by a process that was killed. To be
/// called once the catalogue is loaded and before requests are answered. Errors: those of BackupStore::open and
/// ChangeLog::write.
io::Task<Result<void>> collect_backups(Service& service);

}  // namespace cloudshelf::tables
