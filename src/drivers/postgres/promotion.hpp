#pragma once

#include "base/result.hpp"
#include "drivers/postgres/access.hpp"

namespace cloudshelf::postgres {

/// Makes the running standby a primary; returns when it took a write. Blocks. Errors: "postgres.connect",
/// "postgres.promote-timeout", those of Connection::execute.
Result<void> promote(const Access& access, Duration limit);

}  // namespace cloudshelf::postgres
