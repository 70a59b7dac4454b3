#include "region/tables/operation.hpp"

namespace cloudshelf::tables {

void add_control_operations(Operations&) {}

}  // namespace cloudshelf::tables
