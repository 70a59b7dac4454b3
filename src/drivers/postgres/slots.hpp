#pragma once

#include "base/ids.hpp"
#include "drivers/postgres/connection.hpp"

#include <string>

namespace cloudshelf::postgres {

// The writer's replication slots (PostgreSQL 15, 27.2.6): one keeps the log for the other region's standby, one reads
// the changes that the standby may not have (README, "Stranded writes"). Errors: those of Connection::execute.

/// The logical slot, moved with the standby.
inline constexpr const char* stranded_slot = "cloudshelf_stranded";
/// The physical slot of a region's standby: PostgreSQL allows letters, digits and "_" only.
std::string standby_slot(const RegionName& region);

/// Makes the slots that are not there. As often as one likes.
Result<void> make_slots(Connection& writer, const RegionName& peer);
/// A slot whose log was given up (`max_slot_wal_keep_size`) stays lost for ever: it is made again, for when the
/// standby, which needs a new clone now, comes back.
Result<void> remake_lost_slots(Connection& writer, const RegionName& peer);
/// Moves the stranded slot to what the standby has flushed.
Result<void> advance_stranded_slot(Connection& writer, const RegionName& peer);

}  // namespace cloudshelf::postgres
