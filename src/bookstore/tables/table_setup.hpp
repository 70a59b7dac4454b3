#pragma once

#include "drivers/tables/client.hpp"

#include <string>
#include <vector>

namespace cloudshelf::bookstore {

/// Creates what of the bookstore's tables is not there: with a stream, with a replica in each of the other regions, and
/// expiry for sessions. May be repeated, and goes on where an earlier one stopped. Errors: the client's,
/// "tables.not-ready" (a table is not active at the deadline).
io::Task<Result<void>> set_up_tables(
    tables_client::Client* client, std::vector<std::string> other_regions, io::Deadline deadline
);

}  // namespace cloudshelf::bookstore
