#pragma once

#include "base/result.hpp"
#include "region/log/entry.hpp"
#include "region/log/identity.hpp"
#include "region/log/view.hpp"

#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::changelog {

/// Where the log ends, and the clock of the last change. Part of every commit.
struct LogEnd {
    Position last;
    std::uint32_t checksum = 0;     // of the last entry
    std::uint64_t bytes = 0;        // of all entries since the log began
    std::int64_t logged_at_ms = 0;  // of the last entry
    core::HybridStamp clock;        // the latest stamp made or received

    std::string encode() const;
    static Result<LogEnd> decode(std::string_view bytes);
};

/// Where it begins: everything up to here is gone.
struct LowWater {
    Position position;
    std::uint32_t checksum = 0;  // of the entry there
    std::uint64_t bytes = 0;     // of all entries up to it

    std::string encode() const;
    static Result<LowWater> decode(std::string_view bytes);
};

std::string encode(const Identity& identity);
Result<Identity> decode_identity(std::string_view bytes);

/// The key of an entry in the family of the log.
std::string entry_key(Position position);
Position position_of(std::string_view key);

/// Errors by name: "log.disk-full", "log.corrupt", "log.in-use", "log.io".
Error error_of(const rocksdb::Status& status);

namespace meta {
inline constexpr std::string_view identity = "identity";
inline constexpr std::string_view region = "region";
inline constexpr std::string_view end = "end";
inline constexpr std::string_view low_water = "low-water";
inline constexpr std::string_view followed = "followed/";  // and a region
inline constexpr std::string_view replica = "replica/";    // and a region
}  // namespace meta

/// An open RocksDB with its families.
class Database {
public:
    struct Options {
        std::vector<std::string> families;
        std::size_t cache_bytes = 64 << 20;
        std::size_t memtable_bytes = 32 << 20;
        bool salvage = false;
        bool read_only = false;  // must exist; nothing is written
    };
    /// Errors: those of error_of.
    static Result<std::shared_ptr<Database>> open(const std::filesystem::path& folder, const Options& options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    static constexpr Family data{0};
    static constexpr Family log{1};
    static constexpr Family meta{2};

    rocksdb::DB* db() const { return db_.get(); }
    rocksdb::ColumnFamilyHandle* handle(Family family) const;
    /// Errors: "log.no-family".
    Result<Family> family(std::string_view name) const;

    /// RocksDB met an error on the disk in a write, a flush or a compaction. It must not go on: RocksDB 7.8 resumes
    /// with the file that failed (facebook/rocksdb#11643), so that only opening the folder anew helps. Reads go on.
    bool failed() const { return failed_->load(); }

    Result<std::optional<std::string>> get(
        Family family, std::string_view key, const rocksdb::ReadOptions& options = {}
    ) const;

private:
    Database() = default;
    std::shared_ptr<std::atomic<bool>> failed_ = std::make_shared<std::atomic<bool>>(false);
    std::unique_ptr<rocksdb::DB> db_;
    std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

/// The entry of the log at a position. Errors: "log.corrupt" (altered, or not there), those of error_of.
Result<Entry> read_entry(const Database& database, Position position);
/// The entry that these bytes are, if it is the one of that position.
Result<Entry> check_entry(std::string_view bytes, Position position);

/// Walks an iterator of RocksDB over a range.
Result<void> walk(
    rocksdb::Iterator* iterator, const KeyRange& range, const View::Visit& visit, Order order = Order::ascending
);

inline rocksdb::Slice slice(std::string_view bytes) {
    return {bytes.data(), bytes.size()};
}
inline std::string_view view_of(const rocksdb::Slice& bytes) {
    return {bytes.data(), bytes.size()};
}

}  // namespace cloudshelf::changelog
