#include "region/tables/operation.hpp"

namespace cloudshelf::tables {

void add_query_operations(Operations&) {}

}  // namespace cloudshelf::tables
