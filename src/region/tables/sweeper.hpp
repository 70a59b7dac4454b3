#pragma once

#include "base/result.hpp"
#include "region/tables/service.hpp"

#include <cstddef>

namespace cloudshelf::tables {

/// Deletes items whose time to live has passed, every ServiceOptions::ttl_scan, until the service stops.
io::Task<void> sweep_expired(Service& service);

/// One round over all tables. Answers how many items were deleted. Errors: those of View::scan and ChangeLog::write.
io::Task<Result<std::size_t>> sweep_once(Service& service);

}  // namespace cloudshelf::tables
