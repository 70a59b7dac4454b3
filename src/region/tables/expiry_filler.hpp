#pragma once

#include "region/log/batch.hpp"
#include "region/tables/service.hpp"
#include "region/tables/storage.hpp"
#include "region/tables/table.hpp"

namespace cloudshelf::tables {

/// Within the decision that enables time to live on a table: the items it has already are to be looked at. Durable
/// with it. `fill_expiry` then has to run.
void want_expiry(changelog::Batch& batch, const Storage& storage, const Table& table);

/// Finds the items that were there before time to live was enabled, for all tables of which it is wanted, and notes
/// when they expire.
io::Task<void> fill_expiry(Service& service);

}  // namespace cloudshelf::tables
