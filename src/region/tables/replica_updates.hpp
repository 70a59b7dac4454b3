#pragma once

#include "base/result.hpp"
#include "region/tables/service.hpp"

#include <boost/json/array.hpp>

namespace cloudshelf::tables {

/// UpdateTable's ReplicaUpdates, its other members seen to. Answers the table as it is then. Errors: DynamoDB's.
io::Task<Result<TablePtr>> update_replicas(Service& service, TablePtr table, const boost::json::array& updates);

}  // namespace cloudshelf::tables
