#include "region/log/group.hpp"

#include "base/assert.hpp"

#include <rocksdb/comparator.h>

#include <algorithm>

namespace cloudshelf::changelog {

namespace {

void must(const rocksdb::Status& status) {
    CLOUDSHELF_ASSERT(status.ok());  // in memory: nothing can fail but our use of it
}

}  // namespace

Group::Group(std::shared_ptr<const Database> database, SharedClock* clock, const ChangeLog::Options* options)
    : Batch(std::move(database)),
      clock_(clock),
      options_(options),
      batch_(rocksdb::BytewiseComparator(), 0, /*overwrite_key=*/true) {}

void Group::begin(const LogEnd& end) {
    batch_.Clear();
    end_ = end;
}

Result<Written> Group::decide(ChangeLog::Decision& decision, std::int64_t wall_ms) {
    const LogEnd end_before = end_;
    const auto count_before = batch_.GetWriteBatch()->Count();
    wall_ms_ = wall_ms;
    stamp_.reset();
    batch_.SetSavePoint();
    const auto decided = decision(*this);
    if (decided) {
        must(batch_.PopSavePoint());
        return Written{.first = Position(end_before.last.value() + 1), .last = end_.last};
    }
    // To roll back builds the index anew, which is dear; a condition that fails has seldom written anything.
    must(batch_.GetWriteBatch()->Count() == count_before ? batch_.PopSavePoint() : batch_.RollbackToSavePoint());
    end_ = end_before;
    return fail(decided.error());
}

rocksdb::WriteBatch* Group::seal() {
    if (batch_.GetWriteBatch()->Count() == 0) return nullptr;
    end_.clock = clock_->latest();
    put(Database::meta, meta::end, end_.encode());
    return batch_.GetWriteBatch();
}

Result<std::optional<std::string>> Group::get(Family family, std::string_view key) const {
    std::string value;
    const auto read = batch_.GetFromBatchAndDB(database_->db(), {}, database_->handle(family), slice(key), &value);
    if (read.IsNotFound()) return std::nullopt;
    if (!read.ok()) return fail(error_of(read));
    return value;
}

Result<void> Group::scan(Family family, const KeyRange& range, const Visit& visit, Order order) const {
    auto* const handle = database_->handle(family);
    const std::unique_ptr<rocksdb::Iterator> iterator(
        batch_.NewIteratorWithBase(handle, database_->db()->NewIterator({}, handle))
    );
    return walk(iterator.get(), range, visit, order);
}

void Group::put(Family family, std::string_view key, std::string_view value) {
    must(batch_.Put(database_->handle(family), slice(key), slice(value)));
}

void Group::erase(Family family, std::string_view key) {
    must(batch_.Delete(database_->handle(family), slice(key)));
}

Position Group::append(Change change) {
    return append(Entry{.stamp = stamp(), .origin = options_->region, .change = std::move(change)});
}

Position Group::append_received(const Entry& received) {
    clock_->resume(received.stamp);
    return append(received);
}

Position Group::append(Entry entry) {
    entry.position = Position(end_.last.value() + 1);
    entry.logged_at_ms = std::max(end_.logged_at_ms, wall_ms_);
    entry.bytes_before = end_.bytes;
    entry.checksum_before = end_.checksum;
    const std::string bytes = encode(entry);
    put(Database::log, entry_key(entry.position), bytes);
    end_.last = entry.position;
    end_.checksum = checksum_in(bytes);
    end_.bytes += bytes.size();
    end_.logged_at_ms = entry.logged_at_ms;
    return entry.position;
}

core::HybridStamp Group::stamp() {
    if (!stamp_) stamp_ = clock_->tick(wall_ms_);
    return *stamp_;
}

}  // namespace cloudshelf::changelog
