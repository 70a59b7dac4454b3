#pragma once

#include "base/result.hpp"
#include "region/tables/service.hpp"

#include <string>

namespace cloudshelf::tables {

/// From its answer on the table is DELETING: nothing is read from it or written to it any more. Answers it so. Errors:
/// ResourceNotFoundException, ResourceInUseException, ValidationException (deletion protection, replicas).
io::Task<Result<TablePtr>> begin_deleting(Service& service, std::string name);

/// Behind the answer, and again after a restart: of a table with continuous backups a last backup is kept for 35 days
/// (type SYSTEM, "<table>$DeletedTableBackup", as DynamoDB does); then it is gone, and its data is erased.
io::Task<void> finish_deleting(Service& service, TablePtr table);

}  // namespace cloudshelf::tables
