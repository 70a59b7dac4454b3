#include "region/log/change_log.hpp"

#include "base/assert.hpp"
#include "io/file.hpp"
#include "io/log.hpp"
#include "region/log/database.hpp"
#include "region/log/errors.hpp"
#include "region/log/home.hpp"
#include "region/log/writer.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <atomic>
#include <chrono>

namespace cloudshelf::changelog {

namespace asio = boost::asio;

namespace {

std::string followed_key(const RegionName& region) {
    return std::string(meta::followed) + region.value();
}

Result<std::optional<Followed>> as_followed(const Result<std::optional<std::string>>& found) {
    if (!found) return fail(found.error());
    if (!*found) return std::nullopt;
    auto followed = Followed::decode(**found);
    if (!followed) return fail(followed.error());
    return std::optional(std::move(*followed));
}

/// Where the log stands, after a look whether its last entry is what it should be.
Result<Writer::State> read_state(const Database& database, const ChangeLog::Options& options) {
    Writer::State state;
    const auto end = database.get(Database::meta, meta::end);
    if (!end) return fail(end.error());
    if (*end) {
        const auto decoded = LogEnd::decode(**end);
        if (!decoded) return fail(decoded.error());
        state.end = *decoded;
    }
    const auto low = database.get(Database::meta, meta::low_water);
    if (!low) return fail(low.error());
    if (*low) {
        const auto decoded = LowWater::decode(**low);
        if (!decoded) return fail(decoded.error());
        state.low_water = *decoded;
    }
    if (state.end.last > state.low_water.position) {
        const auto last = read_entry(database, state.end.last);
        if (!last) return fail(last.error());
        if (last->checksum != state.end.checksum) return fail(corrupt_entry(state.end.last, "it is another one"));
    }
    for (const RegionName& region : options.replicas) {
        const auto found = database.get(Database::meta, std::string(meta::replica) + region.value());
        if (!found) return fail(found.error());
        state.replicas.push_back({.region = region});
        if (!*found) continue;
        const auto decoded = Replica::decode(region, **found);
        if (!decoded) return fail(decoded.error());
        state.replicas.back() = *decoded;
    }
    return state;
}

/// The log's identity; drawn, and written with the region's name, where the folder is new.
Result<Identity> identify(const Database& database, const RegionName& region) {
    const auto found = database.get(Database::meta, meta::identity);
    if (!found) return fail(found.error());
    if (!*found) {
        const Identity identity{.id = draw_log_id()};
        rocksdb::WriteBatch batch;
        batch.Put(database.handle(Database::meta), slice(meta::identity), encode(identity));
        batch.Put(database.handle(Database::meta), slice(meta::region), region.value());
        rocksdb::WriteOptions durable;
        durable.sync = true;
        const auto written = database.db()->Write(durable, &batch);
        if (!written.ok()) return fail(error_of(written));
        return identity;
    }
    const auto name = database.get(Database::meta, meta::region);
    if (!name) return fail(name.error());
    if (*name != region.value()) {
        return fail(
            "log.other-region",
            fmt::format("the folder is of region \"{}\", not of \"{}\"", name->value_or(""), region.value())
        );
    }
    return decode_identity(**found);
}

}  // namespace

struct ChangeLog::Impl {
    Options options;
    std::shared_ptr<Database> database;
    Identity identity;
    std::unique_ptr<Writer> writer;
    std::atomic<std::uint64_t> refused = 0;
    std::atomic<std::uint64_t> checkpoints = 0;

    void count(const Error& error) {
        if (error.code != "log.corrupt") return;
        ++refused;
        io::log(io::Level::error, "log.corrupt", {{"why", error.message}});
    }
};

ChangeLog::ChangeLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChangeLog::~ChangeLog() = default;

Result<std::unique_ptr<ChangeLog>> ChangeLog::open(Options options, io::Executor executor) {
    if (!options.wall_ms) options.wall_ms = system_wall_ms;
    auto database = open_current(options);
    if (!database) return fail(database.error());
    const auto identity = identify(**database, options.region);
    if (!identity) return fail(identity.error());
    auto state = read_state(**database, options);
    if (!state) return fail(state.error());

    auto impl = std::make_unique<Impl>();
    impl->options = std::move(options);
    impl->database = std::move(*database);
    impl->identity = *identity;
    impl->writer = std::make_unique<Writer>(std::move(executor), impl->database, &impl->options, std::move(*state));
    impl->writer->on_corrupt_entry([raw = impl.get()](const Error& error) { raw->count(error); });
    return std::unique_ptr<ChangeLog>(new ChangeLog(std::move(impl)));
}

io::Task<Result<Written>> ChangeLog::write(Decision decision) {
    CLOUDSHELF_ASSERT(decision);
    auto initiate = [writer = impl_->writer.get()](auto handler, Decision handed) {
        writer->submit(std::move(handed), std::move(handler));
    };
    auto written = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<Written>)>(
        std::move(initiate), asio::use_awaitable, std::move(decision)
    );
    co_return written;
}

io::Task<Result<Position>> ChangeLog::trim() {
    auto initiate = [writer = impl_->writer.get()](auto handler) { writer->submit(nullptr, std::move(handler)); };
    const auto trimmed = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<Written>)>(
        std::move(initiate), asio::use_awaitable
    );
    if (!trimmed) co_return fail(trimmed.error());
    co_return trimmed->last;
}

Result<Family> ChangeLog::family(std::string_view name) const {
    return impl_->database->family(name);
}

View ChangeLog::view() const {
    return View(impl_->database);
}

View ChangeLog::snapshot() const {
    const auto database = impl_->database;
    const std::shared_ptr<const void> moment(database->db()->GetSnapshot(), [database](const void* taken) {
        database->db()->ReleaseSnapshot(static_cast<const rocksdb::Snapshot*>(taken));
    });
    return View(database, moment);
}

Result<Entry> ChangeLog::entry(Position position) const {
    if (position > last() || position == Position(0)) {
        return fail("log.no-entry", fmt::format("there is no entry {}", position.value()));
    }
    auto found = read_entry(*impl_->database, position);
    if (position <= low_water()) return fail(trimmed(position, low_water()));
    if (!found) impl_->count(found.error());
    return found;
}

Result<std::uint32_t> ChangeLog::checksum_at(Position position) const {
    const LowWater low = impl_->writer->low_water();
    if (position == low.position) return low.checksum;
    const auto found = entry(position);
    if (!found) return fail(found.error());
    return found->checksum;
}

Result<ChangeLog::Slice> ChangeLog::read(Position after, ReadLimits limits) const {
    const Position end = last();
    if (after > end) {
        return fail("log.beyond-end", fmt::format("there is no entry {}, the last is {}", after.value(), end.value()));
    }
    Slice read{.entries = {}, .reached = after};
    std::size_t bytes = 0;
    Result<void> checked;
    bool enough = false;
    const auto visit = [&](std::string_view key, std::string_view value) {
        const Position expected(read.reached.value() + 1);
        enough = true;  // until it is not
        if (expected > end) return false;
        auto found = position_of(key) == expected ? check_entry(value, expected)
                                                  : fail(corrupt_entry(expected, "it is missing"));
        if (found && read.reached_checksum != 0 && found->checksum_before != read.reached_checksum) {
            found = fail(corrupt_entry(expected, "it does not follow the one before it"));
        }
        if (!found) {
            checked = fail(found.error());
            return false;
        }
        if (limits.logged_until_ms && found->logged_at_ms > *limits.logged_until_ms) return false;
        const bool wanted = !limits.origin || found->origin == *limits.origin;
        if (wanted && !read.entries.empty() && bytes + value.size() > limits.bytes_max) return false;
        read.reached = expected;
        read.reached_checksum = found->checksum;
        if (wanted) {
            bytes += value.size();
            read.entries.push_back(std::move(*found));
        }
        enough = read.entries.size() >= limits.entries_max;
        return !enough;
    };
    const KeyRange range{.from = entry_key(Position(after.value() + 1)), .until = {}};
    const auto walked = View(impl_->database).scan(Database::log, range, visit);
    // Trimmed before we began, or meanwhile: then a missing entry is no damage.
    if (after < low_water()) return fail(trimmed(Position(after.value() + 1), low_water()));
    if (!walked) return fail(walked.error());
    if (!enough && read.reached < end) {
        checked = fail(corrupt_entry(Position(read.reached.value() + 1), "it is missing"));
    }
    if (!checked) {
        impl_->count(checked.error());
        return fail(checked.error());
    }
    if (read.reached == after && after != Position(0)) {
        const auto checksum = checksum_at(after);
        if (!checksum) return fail(checksum.error());
        read.reached_checksum = *checksum;
    }
    return read;
}

Result<Position> ChangeLog::replay(
    Position after, std::int64_t logged_until_ms, const std::function<bool(const Entry&)>& visit
) const {
    while (true) {
        const auto slice = read(after, {.logged_until_ms = logged_until_ms});
        if (!slice) return fail(slice.error());
        for (const Entry& entry : slice->entries) {
            if (!visit(entry)) return entry.position;
        }
        if (slice->reached == after) return after;
        after = slice->reached;
    }
}

io::Task<Position> ChangeLog::wait_beyond(Position position, io::Deadline deadline) {
    return impl_->writer->wait_beyond(position, deadline);
}

Position ChangeLog::last() const {
    return impl_->writer->last();
}
Position ChangeLog::low_water() const {
    return impl_->writer->low_water().position;
}
Identity ChangeLog::identity() const {
    return impl_->identity;
}
const ChangeLog::Options& ChangeLog::options() const {
    return impl_->options;
}
std::int64_t ChangeLog::wall_ms() const {
    return impl_->options.wall_ms();
}
void ChangeLog::confirm(const RegionName& replica, Position position) {
    impl_->writer->confirm(replica, position);
}
void ChangeLog::hold(Position position) {
    impl_->writer->hold(position);
}
void ChangeLog::count_refused() {
    ++impl_->refused;
}

Result<void> ChangeLog::receive(const core::HybridStamp& stamp) {
    return impl_->writer->clock().receive(stamp, wall_ms());
}

Metrics ChangeLog::metrics() const {
    const Writer& writer = *impl_->writer;
    Metrics metrics{
        .last = last(),
        .low_water = low_water(),
        .log_bytes = writer.log_bytes(),
        .groups = writer.groups(),
        .refused_entries = impl_->refused,
        .snapshots_taken = impl_->checkpoints,
        .replicas_overtaken = writer.overtaken(),
        .disk_full = writer.disk_full(),
        .needs_reopening = writer.needs_reopening()
    };
    for (const Replica& replica : writer.replicas()) {
        ReplicaMetrics of{
            .region = replica.region, .confirmed = replica.confirmed, .needs_snapshot = replica.overtaken
        };
        // The oldest change of ours that it has not confirmed; what is trimmed is older than all we still have.
        const auto slice =
            read(std::max(replica.confirmed, metrics.low_water), {.entries_max = 1, .origin = impl_->options.region});
        if (slice && !slice->entries.empty()) {
            const std::int64_t age_ms = wall_ms() - slice->entries.front().logged_at_ms;
            of.lag_entries = metrics.last.value() - replica.confirmed.value();
            of.lag_seconds = static_cast<double>(std::max<std::int64_t>(age_ms, 0)) / 1000;
        }
        metrics.oldest_unconfirmed_seconds = std::max(metrics.oldest_unconfirmed_seconds, of.lag_seconds);
        metrics.replicas.push_back(std::move(of));
    }
    return metrics;
}

bool ChangeLog::needs_reopening() const {
    return impl_->writer->needs_reopening();
}

Position ChangeLog::confirmed(const RegionName& replica) const {
    const auto replicas = impl_->writer->replicas();
    const auto found = std::ranges::find(replicas, replica, &Replica::region);
    return found == replicas.end() ? Position(0) : found->confirmed;
}

Result<std::optional<Followed>> ChangeLog::followed(const RegionName& region) const {
    return as_followed(impl_->database->get(Database::meta, followed_key(region)));
}

Result<std::optional<Followed>> ChangeLog::followed(const Batch& batch, const RegionName& region) {
    return as_followed(batch.get(Database::meta, followed_key(region)));
}

void ChangeLog::set_followed(Batch& batch, const RegionName& region, const Followed& followed) {
    batch.put(Database::meta, followed_key(region), followed.encode());
}

Result<ChangeLog::Checkpoint> ChangeLog::checkpoint(const std::filesystem::path& folder) {
    const Checkpoint made{.identity = identity(), .at_least = last()};
    rocksdb::Checkpoint* raw = nullptr;
    auto created = rocksdb::Checkpoint::Create(impl_->database->db(), &raw);
    const std::unique_ptr<rocksdb::Checkpoint> maker(raw);
    if (created.ok()) created = maker->CreateCheckpoint(folder.string());
    if (!created.ok()) return fail(error_of(created));
    ++impl_->checkpoints;
    return made;
}

Result<void> ChangeLog::erase_range(Family family, const KeyRange& range) {
    auto* const db = impl_->database->db();
    auto* const handle = impl_->database->handle(family);
    std::string until = range.until;
    if (until.empty()) {  // RocksDB wants an end: the key after the last
        const auto last_key = [&](std::string_view key, std::string_view) {
            until = std::string(key) + '\0';
            return false;
        };
        const auto found = view().scan(family, range, last_key, Order::descending);
        if (!found) return fail(found.error());
    }
    if (until.empty()) return {};
    const auto erased = db->DeleteRange({}, handle, range.from, until);
    if (!erased.ok()) return fail(error_of(erased));
    return {};
}

Result<std::unique_ptr<CheckpointView>> CheckpointView::open(const std::filesystem::path& folder) {
    auto database = Database::open(folder, {.read_only = true});
    if (!database) return fail(database.error());
    const auto end = (*database)->get(Database::meta, meta::end);
    if (!end) return fail(end.error());
    const auto at = *end ? LogEnd::decode(**end) : LogEnd{};
    if (!at) return fail(at.error());
    const auto found = (*database)->get(Database::meta, meta::identity);
    if (!found) return fail(found.error());
    auto identity = decode_identity(found->value_or(""));
    if (!identity) return fail(identity.error());
    return std::unique_ptr<CheckpointView>(new CheckpointView(std::move(*database), at->last, std::move(*identity)));
}

Result<Family> CheckpointView::family(std::string_view name) const {
    return database_->family(name);
}

}  // namespace cloudshelf::changelog
