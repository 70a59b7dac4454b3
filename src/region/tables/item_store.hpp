#pragma once

#include "base/result.hpp"
#include "core/last_writer.hpp"
#include "region/log/batch.hpp"
#include "region/tables/storage.hpp"
#include "region/tables/table.hpp"
#include "wire/dynamodb/attribute_value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The one way in which items are read and written: everything that goes with an item (indexes, counts, expiry, stream,
/// log entry, tombstone) is kept here, whoever writes.
namespace cloudshelf::tables {

/// An item as it is stored.
struct StoredItem {
    core::ItemVersion version;
    std::string encoded;  // dynamodb::encode_item

    /// Errors: "dynamodb.bad-item".
    Result<dynamodb::Item> item() const;
};

/// The item at a storage key, or nothing. Any thread for a view, the log's for a batch. Errors: those of View::get,
/// "tables.bad-record".
Result<std::optional<StoredItem>> find_item(const changelog::View& view, const Storage& storage, std::string_view key);

/// Why an item changes: what its stream record and the other regions are told.
enum class Cause : std::uint8_t {
    request,
    expired,   // time to live: its stream record has a userIdentity
    backfill,  // of a new replica: no stream record here, nothing changes here
    restored   // out of a backup: no stream record
};

/// One item's change, as the log's entry carries it: kind "put" or "delete", container the table's id.
struct ItemChange {
    std::string key;             // as in "data", without the table's number, which differs between regions
    core::HybridStamp replaced;  // the version its writer saw in this place
    Cause cause = Cause::request;
    std::optional<std::string> now;  // encoded item; nothing: deleted
    std::optional<std::string> was;  // what it replaced, where a stream or a conflict needs it

    std::string encode() const;
    /// Errors: "tables.bad-record".
    static Result<ItemChange> decode(std::string_view bytes);
};

inline constexpr std::string_view put_kind = "put";
inline constexpr std::string_view delete_kind = "delete";

/// An item to be written, encoded before the decision, whose thread is everybody's.
struct NewItem {
    dynamodb::Item item;
    std::string encoded;
    explicit NewItem(dynamodb::Item from);
};

/// Within a decision: what is at `key` becomes `now` (nothing: it is deleted) as a write accepted here. `was` is what
/// find_item gave in this decision. A put that changes nothing makes a log entry and no stream record; deleting what
/// isn't there makes neither. Errors: ValidationException where an index's key has the wrong type, those of View::get.
Result<void> write_item(
    changelog::Batch& batch,
    const Storage& storage,
    const Table& table,
    std::string_view key,
    const std::optional<StoredItem>& was,
    const NewItem* now,
    Cause cause = Cause::request
);

/// What is kept for queries and sweeps beside an item, whoever wrote it: within a decision, "data", tombstone, indexes,
/// counts and expiry go from `was` to `now` with its version. No log entry and no stream record. What an index cannot
/// sort is left out of it. Errors: those of View::get.
Result<void> replace_item(
    changelog::Batch& batch,
    const Storage& storage,
    const Table& table,
    std::string_view key,
    const std::optional<StoredItem>& was,
    const NewItem* now,
    const core::ItemVersion& version
);
/// Within a decision: the log's entry at a position is a record of the table's stream too, if one is enabled.
void note_in_stream(changelog::Batch& batch, const Storage& storage, const Table& table, changelog::Position position);
/// The key in "streams", for readers of a range as well.
std::string stream_key(StorageNumber stream, changelog::Position position);

/// The tombstone of a deleted item of a global table: its version, or nothing.
Result<std::optional<core::ItemVersion>> find_tombstone(
    const changelog::View& view, const Storage& storage, std::string_view key
);

/// What an index keeps of an item: all keys and what it projects.
dynamodb::Item projected(const Table& table, const Index& index, const dynamodb::Item& item);
/// Within a decision: one index's entry of an item, and its counts, go from `was` to `now`; null: not there. Answers
/// the write units that takes.
Result<double> replace_in_index(
    changelog::Batch& batch,
    const Storage& storage,
    const Table& table,
    const Index& index,
    const dynamodb::Item* was,
    const dynamodb::Item* now
);
/// The write units a change takes of an index: what replace_in_index answers.
double index_write_units(const Table& table, const Index& index, const dynamodb::Item* was, const dynamodb::Item* now);

/// Within a decision: a change that another region accepted (`entry`, of which `change` was decoded) takes effect here
/// if it is the last writer (core::last_writer, tombstones included), and goes into the conflict log where it must.
Result<void> receive_item(
    changelog::Batch& batch,
    const Storage& storage,
    const Table& table,
    const changelog::Entry& entry,
    const ItemChange& change,
    std::uint16_t site
);

/// How much there is in a table or an index.
struct Count {
    std::int64_t items = 0;
    std::int64_t bytes = 0;  // as DynamoDB counts them (dynamodb::size_of)
};
Result<Count> count_of(const changelog::View& view, const Storage& storage, StorageNumber number);

}  // namespace cloudshelf::tables
