#pragma once

#include "drivers/postgres/access.hpp"

namespace cloudshelf::postgres {

/// What the writer's server needs to be of use: roles, the database, the heartbeat table, replication slots. As often
/// as one likes. Blocks. Errors: "postgres.connect", those of Connection::execute.
Result<void> provision(const Access& access, const RegionName& peer);
/// Every second or so on the writer: the heartbeat row, and the slots.
Result<void> maintain(const Access& access, const RegionName& peer);

}  // namespace cloudshelf::postgres
