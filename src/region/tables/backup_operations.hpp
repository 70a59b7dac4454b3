#pragma once

#include "base/result.hpp"
#include "io/task.hpp"

namespace cloudshelf::tables {

class Service;

/// Removes backups that were left half made and tables that were left half restored by a process that was killed. To be
/// called once the catalogue is loaded and before requests are answered. Errors: those of BackupStore::open and
/// ChangeLog::write.
io::Task<Result<void>> collect_backups(Service& service);

}  // namespace cloudshelf::tables
