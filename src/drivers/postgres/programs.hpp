#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "drivers/postgres/options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::postgres {

// PostgreSQL's own programs, run to their end as the server's user. All block; whoever is killed takes them along.

/// `argv[0]` is one of `options.programs`. Errors: "postgres.program" with what it said, those of io::run.
Result<void> run_program(const ClusterOptions& options, std::vector<std::string> argv, Duration limit);

struct ControlData {
    std::string system_id;
    std::string state;  // "shut down", "in production", "in archive recovery", …
    std::uint32_t timeline = 0;
    Lsn checkpoint{0};
};

/// What pg_controldata prints.
ControlData parse_control_data(std::string_view text);
/// Errors: "postgres.control-data".
Result<ControlData> read_control_data(const ClusterOptions& options);

/// Single-user mode is as isolated as a server can be: no socket, no other session. It finishes crash recovery, runs
/// the statements, and ends with the clean shutdown that pg_rewind wants. Errors: "postgres.recovery".
Result<void> recover_alone(const ClusterOptions& options, const std::vector<std::string>& statements);

}  // namespace cloudshelf::postgres
