#pragma once

#include "base/result.hpp"
#include "base/strong.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::changelog {

class Database;

/// A part of the data with an order and settings of its own (a RocksDB column family), from ChangeLog::family.
using Family = Strong<std::uint8_t, struct FamilyTag>;

/// Keys from `from` (included) to `until` (left out; empty: to the end).
struct KeyRange {
    std::string from;
    std::string until;

    /// All keys that begin so.
    static KeyRange prefix(std::string_view prefix);
};

enum class Order : bool { ascending, descending };

/// Reads the data. What a view of ChangeLog::view shows is committed and durable, the newest at each call; of
/// ChangeLog::snapshot, as it was when that was called. Any thread; a read may wait for the disk. Must end before the
/// ChangeLog does.
class View {
public:
    virtual ~View() = default;

    /// Nothing when there is no such key. Errors: "log.corrupt", "log.io".
    virtual Result<std::optional<std::string>> get(Family family, std::string_view key) const;

    /// Answers false to end the scan. Both hold until it returns.
    using Visit = std::function<bool(std::string_view key, std::string_view value)>;
    /// Visits the keys of the range in bytewise order. Errors: as get.
    virtual Result<void> scan(Family family, const KeyRange& range, const Visit& visit, Order order = Order::ascending)
        const;

protected:
    friend class ChangeLog;
    explicit View(std::shared_ptr<const Database> database, std::shared_ptr<const void> moment = nullptr)
        : database_(std::move(database)), moment_(std::move(moment)) {}

    std::shared_ptr<const Database> database_;

private:
    std::shared_ptr<const void> moment_;  // a rocksdb::Snapshot, or null: the newest
};

}  // namespace cloudshelf::changelog
