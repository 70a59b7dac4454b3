#pragma once

#include "controller/config.hpp"

#include <string>

namespace cloudshelf::controller {

/// Looks at a plan's tables in the region that is to serve: each is there and takes requests, how many items it has,
/// and how far its region has followed the other one. Answers that in a sentence; "no tables" where the plan has none.
/// Errors, retryable: "tables.not-active", those of tables_client::Client.
io::Task<Result<std::string>> check_tables(
    io::Executor executor, const ApplicationConfig& application, RegionName region, io::Deadline deadline
);

}  // namespace cloudshelf::controller
