#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/hybrid_clock.hpp"
#include "wire/dynamodb/expression.hpp"
#include "wire/dynamodb/key.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::tables {

/// What stands for a table or an index in the keys of storage: never used twice in one folder, and of no meaning
/// outside of it.
using StorageNumber = Strong<std::uint32_t, struct StorageNumberTag>;

enum class TableStatus : std::uint8_t { creating, active, updating, deleting };
std::string_view to_string(TableStatus status);

enum class Projected : std::uint8_t { all, keys_only, include };
std::string_view to_string(Projected projected);

/// A secondary index, local or global.
struct Index {
    std::string name;
    StorageNumber number;
    bool global = false;
    dynamodb::KeySchema key;
    Projected projected = Projected::all;
    std::vector<std::string> included;  // attributes besides the keys, for Projected::include
    bool backfilling = false;           // it misses items that were there before it: no reader may use it yet
    std::int64_t read_units = 0;        // as provisioned; told, never enforced
    std::int64_t write_units = 0;
    bool operator==(const Index&) const = default;
    /// Whether both are one index, as the regions of a table have it: what they hold of it aside.
    bool same_definition(const Index& other) const;
};

enum class StreamView : std::uint8_t { keys_only, new_image, old_image, new_and_old_images };
std::string_view to_string(StreamView view);

/// A stream that was switched on once; a table has one at most that is still enabled.
struct Stream {
    StorageNumber number;
    std::string label;  // the moment it was enabled, as in its ARN: "2026-11-23T18:00:00.000"
    StreamView view = StreamView::new_and_old_images;
    std::int64_t enabled_ms = 0;   // since 1970
    std::int64_t disabled_ms = 0;  // since 1970; 0: enabled
    bool operator==(const Stream&) const = default;
};

enum class ReplicaStatus : std::uint8_t { creating, active, deleting };
std::string_view to_string(ReplicaStatus status);

/// The table's copy in another region.
struct Replica {
    RegionName region;
    ReplicaStatus status = ReplicaStatus::creating;
    std::uint32_t round = 0;  // how often it was begun anew: each time, all items go there again
    bool operator==(const Replica&) const = default;
};

/// All that is known of a table but its items. A value: a change makes another one.
struct Table {
    std::string name;
    std::string id;        // a UUID; the same in every region that has the table
    StorageNumber number;  // of its items, here
    TableStatus status = TableStatus::active;
    std::int64_t created_ms = 0;  // since 1970
    dynamodb::KeySchema key;
    std::vector<dynamodb::KeyAttribute> attributes;  // as AttributeDefinitions listed them
    std::vector<Index> indexes;
    bool on_demand = true;        // PAY_PER_REQUEST
    std::int64_t read_units = 0;  // as provisioned; told, never enforced
    std::int64_t write_units = 0;
    bool deletion_protected = false;
    std::string table_class = "STANDARD";
    std::vector<Stream> streams;               // the latest last; those disabled for more than 24 h are gone
    std::optional<std::string> ttl_attribute;  // set: time to live is enabled
    std::vector<Replica> replicas;             // in other regions; not empty: a global table
    core::HybridStamp shared_changed;          // when what all replicas share was changed last: the last change wins
    bool point_in_time = false;                // continuous backups are on
    std::int64_t point_in_time_since_ms = 0;
    int recovery_days = 35;
    std::vector<std::pair<std::string, std::string>> tags;
    /// JSON members that a backup restored or CreateTable named and that we only repeat (SSEDescription, …).
    std::string extras = "{}";
    bool operator==(const Table&) const = default;

    const Index* index(std::string_view index_name) const;
    /// The stream that is enabled, or null.
    const Stream* stream() const;
    bool replicated() const { return !replicas.empty(); }
    /// Whether both agree in what all replicas share: indexes, time to live and the attributes of keys.
    bool same_shared(const Table& other) const;
};
using TablePtr = std::shared_ptr<const Table>;

/// A table as bytes for storage and for the log: JSON with a version of its format.
std::string encode_table(const Table& table);
/// Errors: "tables.bad-record".
Result<Table> decode_table(std::string_view text);

/// arn:aws:dynamodb:us-east-1:000000000000:table/Carts. One account: tables have no owner here.
std::string table_arn(const RegionName& region, std::string_view table);
/// …/index/by-title
std::string index_arn(const RegionName& region, std::string_view table, std::string_view index);
/// …/stream/2026-11-23T18:00:00.000
std::string stream_arn(const RegionName& region, std::string_view table, std::string_view label);
inline constexpr std::string_view account_id = "000000000000";

}  // namespace cloudshelf::tables
