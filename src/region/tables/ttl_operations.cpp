#include "region/tables/operation.hpp"

namespace cloudshelf::tables {

void add_ttl_operations(Operations&) {}

}  // namespace cloudshelf::tables
