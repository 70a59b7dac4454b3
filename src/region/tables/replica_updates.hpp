#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "region/tables/service.hpp"

#include <boost/json/array.hpp>

namespace cloudshelf::tables {

/// UpdateTable's ReplicaUpdates, its other members seen to. Answers the table as it is then. Errors: DynamoDB's.
io::Task<Result<TablePtr>> update_replicas(Service& service, TablePtr table, const boost::json::array& updates);

/// Sends replicas that are being made what was in the table before them, deletions too, and calls them active when they
/// have it. Begun anew after a restart.
void fill_new_replicas(Service& service, const Table& table);

/// All that is in the tables that the region replicates goes there again, each version as old as it is: for a region
/// that missed a part of our log or lost a part of what it had. Answers when that has begun, durably. Errors: those of
/// Catalogue::change.
io::Task<Result<void>> refill_replica(Service& service, RegionName region);

}  // namespace cloudshelf::tables
