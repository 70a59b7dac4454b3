#pragma once

#include "base/result.hpp"
#include "region/log/batch.hpp"
#include "region/tables/service.hpp"
#include "region/tables/storage.hpp"

namespace cloudshelf::tables {

/// Within the decision that takes a table, an index or a stream out of the catalogue: its data is to be erased. Durable
/// with it, so that a crash leaves nothing behind. `erase_dropped` then has to run.
void drop(changelog::Batch& batch, const Storage& storage, StorageNumber number);
/// … a table with all its indexes and streams.
void drop(changelog::Batch& batch, const Storage& storage, const Table& table);

/// Erases what was dropped, in all families. Nobody reads it any more: numbers are never used twice.
io::Task<void> erase_dropped(Service& service);

}  // namespace cloudshelf::tables
