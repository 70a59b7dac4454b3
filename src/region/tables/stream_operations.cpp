#include "region/tables/operation.hpp"

namespace cloudshelf::tables {

void add_stream_operations(Operations&) {}

}  // namespace cloudshelf::tables
