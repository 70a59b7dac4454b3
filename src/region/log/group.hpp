#pragma once

#include "core/hybrid_clock.hpp"
#include "region/log/batch.hpp"
#include "region/log/change_log.hpp"
#include "region/log/database.hpp"

#include <rocksdb/utilities/write_batch_with_index.h>

#include <mutex>

namespace cloudshelf::changelog {

/// A clock that several threads tell what they saw.
class SharedClock {
public:
    explicit SharedClock(core::HybridClock clock) : clock_(clock) {}
    core::HybridStamp tick(std::int64_t wall_ms) {
        const std::scoped_lock lock(mutex_);
        return clock_.tick(wall_ms);
    }
    Result<void> receive(const core::HybridStamp& stamp, std::int64_t wall_ms) {
        const std::scoped_lock lock(mutex_);
        return clock_.receive(stamp, wall_ms);
    }
    void resume(const core::HybridStamp& stamp) {
        const std::scoped_lock lock(mutex_);
        clock_.resume(stamp);
    }
    core::HybridStamp latest() const {
        const std::scoped_lock lock(mutex_);
        return clock_.latest();
    }

private:
    mutable std::mutex mutex_;
    core::HybridClock clock_;
};

/// The decisions that are committed together. Each sees those before it; one that fails leaves nothing behind.
class Group final : public Batch {
public:
    Group(std::shared_ptr<const Database> database, SharedClock* clock, const ChangeLog::Options* options);

    /// Empties it, to begin at the log's end.
    void begin(const LogEnd& end);
    /// Makes one more decision.
    Result<Written> decide(ChangeLog::Decision& decision, std::int64_t wall_ms);
    /// What is to be committed; null when nothing was written.
    rocksdb::WriteBatch* seal();
    /// Where the log ends once it is.
    const LogEnd& end() const { return end_; }
    std::size_t bytes() const { return batch_.GetWriteBatch()->GetDataSize(); }

    Result<std::optional<std::string>> get(Family family, std::string_view key) const override;
    Result<void> scan(Family family, const KeyRange& range, const Visit& visit, Order order) const override;
    void put(Family family, std::string_view key, std::string_view value) override;
    void erase(Family family, std::string_view key) override;
    Position append(Change change) override;
    Position append_received(const Entry& received) override;
    core::HybridStamp stamp() override;
    std::int64_t wall_ms() const override { return wall_ms_; }

private:
    Position append(Entry entry);

    SharedClock* clock_;
    const ChangeLog::Options* options_;
    mutable rocksdb::WriteBatchWithIndex batch_;
    LogEnd end_;
    std::int64_t wall_ms_ = 0;
    std::optional<core::HybridStamp> stamp_;  // of the decision being made
};

}  // namespace cloudshelf::changelog
