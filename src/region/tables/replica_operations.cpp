#include "region/tables/operation.hpp"

namespace cloudshelf::tables {

void add_replica_operations(Operations&) {}

}  // namespace cloudshelf::tables
