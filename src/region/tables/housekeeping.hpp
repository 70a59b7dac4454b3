#pragma once

#include "base/result.hpp"
#include "region/tables/service.hpp"

namespace cloudshelf::tables {

/// Lets go what has had its time (stream records whose log entries are trimmed, streams that were disabled a day ago,
/// tombstones), once a minute until the service stops.
io::Task<void> keep_house(Service& service);
/// One round of it. Errors: those of View::scan and ChangeLog::write.
io::Task<Result<void>> keep_house_once(Service& service);

}  // namespace cloudshelf::tables
