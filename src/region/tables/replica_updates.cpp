#include "region/tables/replica_updates.hpp"

#include "wire/dynamodb/errors.hpp"

namespace cloudshelf::tables {

io::Task<Result<TablePtr>> update_replicas(Service&, TablePtr, const boost::json::array&) {
    co_return fail(dynamodb::errors::validation("Replicas are not there yet"));
}

}  // namespace cloudshelf::tables
