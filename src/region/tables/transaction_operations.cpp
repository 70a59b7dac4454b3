#include "region/tables/operation.hpp"

namespace cloudshelf::tables {

void add_transaction_operations(Operations&) {}

}  // namespace cloudshelf::tables
