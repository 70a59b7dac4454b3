#include "region/tables/operation.hpp"

namespace cloudshelf::tables {

void add_item_operations(Operations&) {}

}  // namespace cloudshelf::tables
