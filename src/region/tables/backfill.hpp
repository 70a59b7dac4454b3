#pragma once

#include "io/task.hpp"
#include "region/tables/service.hpp"

#include <string>

namespace cloudshelf::tables {

/// Gives an index that was added to a table the items that were there before it, a few at a time between other writes
/// (which keep the part that is done in step), and then lets it be read. Begun anew after a restart; ends early where
/// the table, the index or the service goes away.
io::Task<void> backfill_index(Service& service, std::string table_id, std::string index_name);

}  // namespace cloudshelf::tables
