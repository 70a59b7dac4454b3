#pragma once

#include "base/result.hpp"
#include "core/last_writer.hpp"
#include "region/log/batch.hpp"
#include "region/log/change_log.hpp"
#include "region/tables/table.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Where everything lies in the change log's database. All numbers big-endian, so that bytes sort as they do.
///
/// | family       | key                                                      | value                                 |
/// | ------------ | -------------------------------------------------------- | ------------------------------------- |
/// | "data"       | table, spread of the hash key, hash key, sort key        | VersionHead, item                     |
/// | "index"      | index, spread of its hash key, its keys, table's keys    | the projected item                    |
/// | "tombstones" | as in "data"; for global tables only                     | VersionHead, log position             |
/// | "expiry"     | table, seconds since 1970, key as in "data"              | nothing                               |
/// | "streams"    | stream, log position                                     | nothing: its record is the log entry |
/// | "counts"     | table or index                                           | items, bytes                          |
/// | "catalogue"  | "table/" name; "next"                                    | encode_table; next StorageNumber      |
/// | "conflicts"  | table, log position                                      | both versions                         |
/// | "tokens"     | "t" token; "e" expiry, token                             | expiry, digest of the request; nothing |
/// | "backups"    | backup ARN                                               | its description                       |
namespace cloudshelf::tables {

/// The families, once for an open log.
struct Storage {
    changelog::Family data, index, tombstones, expiry, streams, counts, catalogue, conflicts, tokens, backups;

    /// For ChangeLog::Options::families.
    static std::vector<std::string> names();
    /// Errors: "log.no-family".
    static Result<Storage> of(const changelog::ChangeLog& log);
};

/// Items of one hash key lie together, and hash keys are spread over 65,536 places in an order that says nothing of
/// them: a Scan's segment is a range of places, and a range of busy keys does not sit in one place.
std::uint16_t spread_of(std::string_view encoded_hash_key);

/// What all keys of a table's (or an index's) items begin with.
std::string storage_prefix(StorageNumber number);
/// … and those of one hash key. Precondition: `hash` is S, N or B.
std::string storage_prefix(StorageNumber number, const dynamodb::AttributeValue& hash);
/// The key of an item in "data" (and "tombstones"). Precondition: dynamodb::check_key or check_item_key found nothing.
std::string item_key(const Table& table, const dynamodb::Item& key_or_item);
/// The key of an item's entry in an index; nothing where the item lacks one of its attributes.
std::optional<std::string> index_entry_key(const Table& table, const Index& index, const dynamodb::Item& item);
/// The table's key attributes out of a storage key in "data". Errors: "tables.bad-record".
Result<dynamodb::Item> key_attributes(const Table& table, std::string_view storage_key);

/// The keys after `after` (empty: from the first) that begin with the number, in order, `keys_max` at most. Errors:
/// those of View::scan.
Result<std::vector<std::string>> next_keys(
    const changelog::View& view,
    changelog::Family family,
    StorageNumber number,
    std::string_view after,
    std::size_t keys_max
);

/// Before each item in storage.
struct VersionHead {
    core::ItemVersion version;
    static constexpr std::size_t encoded_bytes = 2 * core::HybridStamp::encoded_bytes;

    std::string encode() const;
    /// Takes it off the front. Errors: "tables.bad-record".
    static Result<VersionHead> take(std::string_view& bytes);
};

}  // namespace cloudshelf::tables
