#pragma once

#include "base/result.hpp"
#include "core/last_writer.hpp"
#include "region/log/entry.hpp"
#include "region/tables/service.hpp"

#include <string>
#include <string_view>

namespace cloudshelf::tables {

/// What is left of a deleted item of a global table, so that an older write of another region does not bring it back:
/// a value of the family "tombstones".
struct Tombstone {
    core::ItemVersion version;
    changelog::Position position;  // of the deletion in our log

    std::string encode() const;
    /// Errors: "tables.bad-record".
    static Result<Tombstone> decode(std::string_view bytes);
};

/// Erases a table's tombstones that are needed no more (core::may_go). Errors: those of View::scan and
/// ChangeLog::write.
io::Task<Result<void>> trim_tombstones(Service& service, TablePtr table);

}  // namespace cloudshelf::tables
