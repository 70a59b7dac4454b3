#pragma once

#include "base/result.hpp"
#include "region/tables/service.hpp"

#include <boost/json/array.hpp>

namespace cloudshelf::tables {

/// UpdateTable's ReplicaUpdates, its other members seen to. Answers the table as it is then. Errors: DynamoDB's.
io::Task<Result<TablePtr>> update_replicas(Service& service, TablePtr table, const boost::json::array& updates);

/// Sends replicas that are being made what was in the table before them, and calls them active when they have it. Begun
/// anew after a restart.
void fill_new_replicas(Service& service, const Table& table);

}  // namespace cloudshelf::tables
