#pragma once

#include "region/tables/operation.hpp"
#include "region/tables/table.hpp"

namespace cloudshelf::tables {

/// UpdateTable: throughput, billing, stream, global indexes, class, protection, replicas.
io::Task<Answer> update_table(Call call);

/// Begins, behind requests, to fill the indexes of the table that miss older items: after UpdateTable, and when the
/// service starts.
void fill_new_indexes(Service& service, const Table& table);

}  // namespace cloudshelf::tables
