#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::postgres {

using Columns = std::vector<std::pair<std::string, std::optional<std::string>>>;

/// One changed row, as PostgreSQL's test_decoding plugin writes it (PostgreSQL 15, F.47).
struct Change {
    std::string table;      // "public.orders", quoted where SQL needs it
    std::string operation;  // "INSERT", "UPDATE", "DELETE", "TRUNCATE"
    Columns old_key;        // of an UPDATE that changed the key
    Columns row;            // after INSERT and UPDATE; a DELETE has its key here
};

/// Nothing for lines that are no row change (BEGIN, COMMIT, messages).
std::optional<Change> parse_change(std::string_view decoded);

struct Stranded {
    std::string lines;  // JSON Lines: {"table","key","operation","row","lsn"}
    std::uint64_t count = 0;
};

/// The changes of all transactions that ended beyond the fork. `changes`: COPY's text format of (lsn, decoded line), in
/// order, ended by a row ("", "END"); `keys`: COPY's text format of (table, key column). The heartbeat is left out.
/// Errors: "postgres.stranded" when the last row is missing: the reading was cut short.
Result<Stranded> stranded_changes(std::string_view changes, std::string_view keys, Lsn fork);

/// The fields of one line of COPY's text format, escapes resolved.
std::vector<std::string> copy_fields(std::string_view line);

}  // namespace cloudshelf::postgres
