#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "io/clock.hpp"
#include "io/task.hpp"
#include "region/log/batch.hpp"
#include "region/log/entry.hpp"
#include "region/log/identity.hpp"
#include "region/log/metrics.hpp"
#include "region/log/retention.hpp"
#include "region/log/view.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::changelog {

enum class Sync : bool { off, on };

/// What to do with a write-ahead log that has a bad record before its end: refuse to open (the folder is then to be
/// replaced by a peer's snapshot), or give up everything after it, acknowledged or not.
enum class Recovery : bool { strict, salvage };

/// No entry is held beyond the retention.
inline constexpr Position nothing_held{std::numeric_limits<std::uint64_t>::max()};

/// Where a batch went. A batch without entries has `first` = last + 1.
struct Written {
    Position first;
    Position last;
};

/// The data of one service with the ordered log of its changes, in one RocksDB. Made and used on one executor that runs
/// one handler at a time, except where it says "any thread". Outlives its calls.
///
/// Acknowledged means durable: `write` answers after the fsync of the commit that carries the batch. Nobody reads a
/// write before it is durable, except the decisions behind it in the same commit, which fail with it.
class ChangeLog {
public:
    struct Options {
        std::filesystem::path folder;
        RegionName region;
        std::uint16_t site = 0;             // the region's number in stamps: each region another
        std::vector<std::string> families;  // besides "data"; those that are there stay
        Sync sync = Sync::on;               // off: a power cut may lose the last writes, a killed process none
        Recovery recovery = Recovery::strict;
        Retention retention;
        std::vector<RegionName> replicas;  // who follows this log, and is waited for by trimming
        Position held = nothing_held;      // as `hold` says, until it is called
        Duration skew_max = std::chrono::seconds(60);
        std::uint64_t free_bytes_min = 64ull << 20;  // of the disk: below this, writes are refused
        std::size_t cache_bytes = 64 << 20;
        std::size_t memtable_bytes = 32 << 20;  // per family
        std::function<std::int64_t()> wall_ms;  // milliseconds since 1970; null: the system's clock. Any thread
    };

    /// Errors: "log.in-use" (another process has the folder), "log.corrupt", "log.other-region" (the folder is of
    /// another region), "log.disk-full", "log.io".
    static Result<std::unique_ptr<ChangeLog>> open(Options options, io::Executor executor);
    /// Finishes the writes that were handed over.
    ~ChangeLog();
    ChangeLog(const ChangeLog&) = delete;
    ChangeLog& operator=(const ChangeLog&) = delete;

    /// Reads, checks and writes through the batch, or answers why not. Decisions run one after the other on a thread of
    /// their own, in the order of the calls to `write`, each seeing the writes of those before it: that is what makes a
    /// condition on one key, or a transaction over many, hold when it is committed. A decision may use what the calling
    /// coroutine holds (it is suspended until the answer), must not wait and must not throw.
    using Decision = std::move_only_function<Result<void>(Batch& batch)>;
    /// Answers after the commit that carries the batch is durable, or with the decision's own error, when nothing was
    /// written. Errors: "log.disk-full" (not_done when refused beforehand, and writes go on by themselves when space
    /// returns; unknown when the commit met the end of the disk), "log.failed" (a commit failed otherwise; unknown),
    /// the decision's own (when whatever it read is not committed after all, the error of that commit instead). After a
    /// commit that failed every later write is refused until the folder is opened anew (Metrics::needs_reopening).
    io::Task<Result<Written>> write(Decision decision);

    /// "data" is always there. Errors: "log.no-family".
    Result<Family> family(std::string_view name) const;
    Family data() const { return Family(0); }
    /// The newest durable state. Any thread.
    View view() const;
    /// The durable state of this moment, whatever is written later. Any thread.
    View snapshot() const;

    /// The entry at a position. Errors: "log.trimmed", "log.corrupt", "log.no-entry". Any thread.
    Result<Entry> entry(Position position) const;

    struct ReadLimits {
        std::size_t entries_max = 10'000;
        std::size_t bytes_max = 4 << 20;              // at least one entry comes, whatever its size
        std::optional<std::int64_t> logged_until_ms;  // leaves out what was logged later
        std::optional<RegionName> origin;             // only these; others are passed over
    };
    struct Slice {
        std::vector<Entry> entries;
        Position reached;                    // everything up to here was read or passed over
        std::uint32_t reached_checksum = 0;  // of the entry there
    };
    /// The entries after a position, in order. Errors: "log.trimmed" (the first of them is gone), "log.corrupt" (one is
    /// altered or missing), "log.beyond-end" (there is no such position). Any thread; may wait for the disk.
    Result<Slice> read(Position after, ReadLimits limits) const;

    /// Everything from a checkpoint at `after` up to a time by this log's wall clock, for point-in-time recovery.
    /// `visit` answers false to end. Answers the position reached. Errors: as read. Any thread.
    Result<Position> replay(
        Position after, std::int64_t logged_until_ms, const std::function<bool(const Entry&)>& visit
    ) const;

    /// Completes when there is an entry after `position`, or at the deadline. Answers the last position.
    io::Task<Position> wait_beyond(Position position, io::Deadline deadline);

    /// Any thread, all of these.
    Position last() const;
    Position low_water() const;
    Identity identity() const;
    const Options& options() const;
    Metrics metrics() const;
    /// Metrics::needs_reopening alone, which costs nothing.
    bool needs_reopening() const;
    std::int64_t wall_ms() const;
    /// The checksum of the entry at a position that is not below the low-water mark. Errors: as read.
    Result<std::uint32_t> checksum_at(Position position) const;

    /// A replica has everything up to `position`, durably; its latest word counts, since it may have been put back from
    /// a backup. Ignored for one that is not registered. Any thread.
    void confirm(const RegionName& replica, Position position);
    /// Up to where a region has confirmed; 0 for one that is not registered. Cheap. Any thread.
    Position confirmed(const RegionName& replica) const;
    /// Entries behind this position stay, whatever the retention says: recovery to a point in time needs them.
    /// `nothing_held`: none is. Any thread.
    void hold(Position position);
    /// Counts an entry that was refused on its way in. Any thread.
    void count_refused();

    /// Trims as the retention says, now; happens by itself once a second. Answers the low-water mark.
    io::Task<Result<Position>> trim();

    /// What we follow in another region's log. Any thread.
    Result<std::optional<Followed>> followed(const RegionName& region) const;
    /// Remembers it, within a decision: in the same batch as what was applied.
    static void set_followed(Batch& batch, const RegionName& region, const Followed& followed);
    /// What other decisions before it made of it, and what is durable.
    static Result<std::optional<Followed>> followed(const Batch& batch, const RegionName& region);
    /// A stamp made elsewhere was seen here. Errors: "clock.ahead". Any thread.
    Result<void> receive(const core::HybridStamp& stamp);

    struct Checkpoint {
        Identity identity;
        Position at_least;  // the checkpoint has everything up to here, and maybe more
    };
    /// Makes a consistent copy of everything in a new folder (hard links, on the same file system). Errors: "log.io",
    /// "log.disk-full". Any thread; takes as long as writing the memtables.
    Result<Checkpoint> checkpoint(const std::filesystem::path& folder);

    /// Erases a range that no decision reads any more (a dropped table): not logged, not atomic with anything.
    /// Any thread. Errors: "log.disk-full", "log.io".
    Result<void> erase_range(Family family, const KeyRange& range);

private:
    struct Impl;
    explicit ChangeLog(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// A checkpoint, opened for reading: the data as it was at `position`. Several may have it open.
class CheckpointView : public View {
public:
    /// Errors: "log.corrupt", "log.io".
    static Result<std::unique_ptr<CheckpointView>> open(const std::filesystem::path& folder);

    Position position() const { return position_; }
    const Identity& identity() const { return identity_; }
    /// Errors: "log.no-family".
    Result<Family> family(std::string_view name) const;

private:
    CheckpointView(std::shared_ptr<const Database> database, Position position, Identity identity)
        : View(std::move(database)), position_(position), identity_(std::move(identity)) {}

    Position position_;
    Identity identity_;
};

}  // namespace cloudshelf::changelog
