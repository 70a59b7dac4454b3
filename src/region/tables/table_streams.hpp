#pragma once

#include "base/result.hpp"
#include "region/log/batch.hpp"
#include "region/tables/catalogue.hpp"
#include "region/tables/service.hpp"
#include "region/tables/table.hpp"

namespace cloudshelf::tables {

/// Within a change of the table: a new stream begins. Errors: ValidationException when there is one already; those of
/// Catalogue::next_number.
Result<void> enable_stream(Table& table, StreamView view, Catalogue& catalogue, changelog::Batch& batch);

/// Within a change of the table: its stream takes no more records and stays readable for a day. Errors:
/// ValidationException when there is none.
Result<void> disable_stream(Table& table, const changelog::Batch& batch);

/// Erases a table's stream records whose log entries are trimmed, and takes its streams away that were disabled more
/// than 24 hours ago. Errors: those of View::scan, ChangeLog::erase_range and Catalogue::change.
io::Task<Result<void>> trim_streams(Service& service, TablePtr table);

}  // namespace cloudshelf::tables
