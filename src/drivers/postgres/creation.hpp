#pragma once

#include "base/result.hpp"
#include "drivers/postgres/options.hpp"

namespace cloudshelf::postgres {

// Data folders out of nothing. Both calls block. Errors: "postgres.program", "postgres.files", those of
// Configuration::write.

/// An empty database, with checksums.
Result<void> initialize(const ClusterOptions& options);
/// A standby's, copied from the writer, whatever was there before. Half a copy is noted as such (RejoinJournal).
Result<void> clone(const ClusterOptions& options, const Address& writer);

}  // namespace cloudshelf::postgres
