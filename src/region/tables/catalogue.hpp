#pragma once

#include "base/result.hpp"
#include "region/log/change_log.hpp"
#include "region/tables/storage.hpp"
#include "region/tables/table.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::tables {

/// The tables there are. Kept in "catalogue" and, for everyday use, in memory. A change is a decision of the log like
/// any other, so that a write is always judged by the table as it is at that write's place in the order.
class Catalogue {
public:
    Catalogue(changelog::ChangeLog* log, Storage storage);
    /// Reads what is stored; to be called once, before anything else. Errors: those of View::scan, "tables.bad-record".
    Result<void> load();

    /// As it is durable. Null: no such table. Any thread.
    TablePtr find(std::string_view name) const;
    TablePtr find_id(std::string_view id) const;
    TablePtr find_stream(std::string_view arn) const;
    /// In order of names. Any thread.
    std::vector<TablePtr> all() const;

    /// Within a decision: the table as the decisions before left it. Item writers ask here, not `find`, or they would
    /// miss an index that is just being added. Null: no such table.
    TablePtr decided(std::string_view name) const;
    TablePtr decided_id(std::string_view id) const;

    /// From what is there (null: nothing) to what shall be (nullopt: nothing). Runs in a decision; may use the batch. A
    /// StorageNumber that is needed comes from `next_number`.
    using Change = std::function<Result<std::optional<Table>>(const Table* current, changelog::Batch& batch)>;
    /// Answers the table as it is then (null: gone), durable and visible to `find`. Of a table with replicas the log
    /// says so to the other regions (following.hpp). Errors: the change's own, those of ChangeLog::write.
    io::Task<Result<TablePtr>> change(std::string name, Change change);
    /// The same within a decision of somebody else's, which must then succeed; `settle` has to be called after its
    /// commit.
    Result<void> change_in(changelog::Batch& batch, std::string_view name, const Change& change);
    /// What was decided and is durable now becomes visible to `find`.
    void settle(std::string_view name);

    /// Within a decision. Errors: those of View::get.
    Result<StorageNumber> next_number(changelog::Batch& batch);

private:
    using Tables = std::map<std::string, TablePtr, std::less<>>;

    changelog::ChangeLog* log_;
    Storage storage_;
    mutable std::mutex mutex_;
    Tables visible_;
    Tables decided_;
};

}  // namespace cloudshelf::tables
