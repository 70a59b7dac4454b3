#pragma once

#include "drivers/postgres/connection.hpp"

#include <string>

namespace cloudshelf::postgres {

/// A writer's timeline. The control file learns of a new one at the first checkpoint only; the log's own position knows
/// at once.
inline constexpr const char* current_timeline =
    "SELECT ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int";

/// A field of the first row; empty where it is NULL or there is no row.
inline std::string field(const Answer& answer, std::size_t column) {
    return answer.rows.empty() ? "" : answer.rows[0].at(column).value_or("");
}

/// One statement whose answer does not matter.
inline Result<void> tell(Connection& server, const std::string& statement) {
    const auto done = server.execute(statement);
    if (!done) return fail(done.error());
    return {};
}

}  // namespace cloudshelf::postgres
