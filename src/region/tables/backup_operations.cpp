#include "region/tables/operation.hpp"

namespace cloudshelf::tables {

void add_backup_operations(Operations&) {}

}  // namespace cloudshelf::tables
