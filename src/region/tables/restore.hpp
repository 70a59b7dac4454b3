#pragma once

#include "base/result.hpp"
#include "region/tables/backup_store.hpp"
#include "region/tables/service.hpp"
#include "region/tables/table.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <string>

/// Tables that are made again out of what was kept of them.
namespace cloudshelf::tables {

/// What a restored table is: the source under another name, without what DynamoDB does not restore either, and with
/// the request's overrides. Errors: ValidationException, SerializationException.
Result<Table> restored_table(Table source, std::string name, const boost::json::object& body);

/// Puts a table's content in: it may ask for as many decisions as it likes.
using Fill = std::function<io::Task<Result<void>>(TablePtr table)>;
/// Makes the table, has it filled, and answers when it is whole: until then it is CREATING and cannot be deleted, and
/// for a start after a crash it never was. Errors: "TableAlreadyExistsException", those of
/// `fill` (nothing is left of the table then) and of ChangeLog::write.
io::Task<Result<TablePtr>> restore_table(Service& service, Table wanted, Fill fill);

/// Writes a backup's items into the table. Errors: those of BackupStore::read_chunk and of ChangeLog::write.
io::Task<Result<void>> restore_content(
    Service& service, const BackupStore& store, const Backup& backup, TablePtr table
);

/// The answer of a Restore operation. `summary`: what RestoreSummary says of the source.
std::string restore_answer(const RegionName& region, const Table& table, boost::json::object summary);

/// After a start: removes the tables that a crash left unfinished.
io::Task<Result<void>> remove_unfinished_restores(Service& service);

}  // namespace cloudshelf::tables
