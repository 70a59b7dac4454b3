#include "region/tables/operation.hpp"

namespace cloudshelf::tables {

void add_batch_operations(Operations&) {}

}  // namespace cloudshelf::tables
