#pragma once

#include "io/task.hpp"
#include "region/log/follower.hpp"
#include "region/tables/service.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cloudshelf::tables {

/// The kind of a log's entry that says what a table with replicas is now: its record as the origin has it.
inline constexpr std::string_view table_kind = "table";

/// Pulls another region's log and applies what it says of the tables that both have, until the service stops. A change
/// of a table that is not here, or whose replica is not in both, is passed over: the entry that makes a table a replica
/// comes before its items. Where the log there was trimmed beyond us, or is another one by now, all that is in the
/// common tables is asked for again.
io::Task<void> follow(Service& service, Peer peer);

/// Within a decision: a table as another region has it now. A replica here is made, or changed in what all replicas
/// share (indexes, time to live), or taken away; other tables are left alone. Appends the table's name to `changed`
/// where it did anything: to be settled after the commit. Errors: "tables.bad-record", those of View::get.
Result<void> receive_table(
    Service& service, changelog::Batch& batch, const changelog::Entry& entry, std::vector<std::string>& changed
);

}  // namespace cloudshelf::tables
