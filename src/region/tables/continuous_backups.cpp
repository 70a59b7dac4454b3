#include "region/tables/continuous_backups.hpp"

#include "core/snapshot_retention.hpp"
#include "io/log.hpp"
#include "region/tables/backup_operations.hpp"
#include "region/tables/backup_request.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/restore.hpp"
#include "wire/dynamodb/stored_item.hpp"

#include <algorithm>
#include <chrono>

namespace cloudshelf::tables {
namespace {

using changelog::Position;
using namespace std::chrono_literals;

constexpr Duration look_every = 30s;
constexpr std::int64_t snapshot_every_ms = std::chrono::milliseconds(24h).count();
constexpr std::size_t changes_at_once = 64;  // of one decision: writers wait behind no more than that

BackupStore store_of(const Service& service) {
    return BackupStore({.folder = service.options().data / "continuous"});
}

std::int64_t window_from(const Table& table, std::int64_t now_ms) {
    const std::int64_t days = std::chrono::milliseconds(24h * table.recovery_days).count();
    return std::max(table.point_in_time_since_ms, now_ms - days);
}

/// Those of one table, the oldest first, which this log goes on from.
Result<std::vector<Backup>> snapshots_of(const BackupStore& store, const std::string& table_id) {
    auto list = store.list();
    if (!list) return fail(list.error());
    std::erase_if(list->backups, [&](const Backup& backup) { return backup.name != table_id; });
    return std::move(list->backups);
}

/// Now, and not before the last entry: their times never go back, even where the clock does.
Result<std::int64_t> latest_ms(const changelog::ChangeLog& log) {
    const std::int64_t now = log.wall_ms();
    const Position last = log.last();
    if (last <= log.low_water()) return now;
    const auto entry = log.entry(last);
    if (!entry) return fail(entry.error());
    return std::max(now, entry->logged_at_ms);
}

/// Blocks. The position comes first: whatever was logged up to it is in the snapshot.
Result<Backup> take_snapshot(
    const changelog::ChangeLog& log, const Storage& storage, const BackupStore& store, TablePtr table
) {
    Backup facts{.name = table->id, .type = BackupType::system, .table = encode_table(*table)};
    facts.position = log.last().value();
    facts.log = log.identity().id.value();
    const changelog::View moment = log.snapshot();
    const auto made_ms = latest_ms(log);
    if (!made_ms) return fail(made_ms.error());
    facts.created_ms = *made_ms;
    const std::string prefix = storage_prefix(table->number);
    return store.create(facts, [&](const BackupStore::Visit& visit) {
        const auto without_number = [&](std::string_view key, std::string_view value) {
            return visit(key.substr(prefix.size()), value);
        };
        return moment.scan(storage.data, changelog::KeyRange::prefix(prefix), without_number);
    });
}

/// What is kept of all tables: snapshots that nobody needs are removed, and the log is held for the others.
/// Blocks. Service::snapshots() is held.
Result<void> tidy(changelog::ChangeLog& log, const BackupStore& store, const Catalogue& catalogue) {
    const auto list = store.list();
    if (!list) return fail(list.error());
    // Read after the list: of a snapshot in it the table is known to want one.
    const auto tables = catalogue.all();
    for (const auto& damaged : list->damaged)
        io::log(io::Level::error, "tables.snapshot-damaged", {{"why", damaged.message}});
    std::vector<Backup> kept;
    for (const auto& table : tables) {
        if (!table->point_in_time) continue;
        std::vector<Backup> ours;
        std::vector<std::int64_t> made;
        for (const auto& backup : list->backups) {
            // Of another log there is nothing to go on with, nor of positions that this one has yet to reach.
            const bool goes_on = backup.log == log.identity().id.value() && backup.position <= log.last().value() &&
                                 backup.position >= log.low_water().value();
            if (backup.name != table->id || !goes_on || backup.created_ms < table->point_in_time_since_ms) continue;
            ours.push_back(backup);
            made.push_back(backup.created_ms);
        }
        const auto outlived = core::outlived_snapshots(made, window_from(*table, log.wall_ms()));
        for (std::size_t i = 0; i < ours.size(); ++i) {
            if (std::ranges::find(outlived, i) == outlived.end()) kept.push_back(ours[i]);
        }
    }
    Position held = changelog::nothing_held;
    for (const auto& backup : kept) held = std::min(held, Position(backup.position));
    // Before anything is removed: a crash in between leaves a snapshot too many, never a log too short.
    log.hold(held);
    for (const auto& backup : list->backups) {
        if (std::ranges::find(kept, backup.id, &Backup::id) != kept.end()) continue;
        if (auto removed = store.remove(backup.id); !removed) return removed;
    }
    return {};
}

/// The newest snapshot at or before the moment.
Result<Backup> snapshot_before(const BackupStore& store, const Table& source, std::int64_t at_ms) {
    const auto snapshots = snapshots_of(store, source.id);
    if (!snapshots) return fail(snapshots.error());
    const Backup* chosen = nullptr;
    for (const auto& backup : *snapshots) {
        if (backup.created_ms <= at_ms && backup.created_ms >= source.point_in_time_since_ms) chosen = &backup;
    }
    if (!chosen) return fail("tables.no-snapshot", "there is no snapshot from before that moment");
    return *chosen;
}

Result<void> apply_change(
    changelog::Batch& batch, const Storage& storage, const Table& table, const changelog::Entry& entry
) {
    const auto change = ItemChange::decode(entry.change.payload);
    if (!change) return fail(change.error());
    const std::string key = storage_prefix(table.number) + change->key;
    const auto was = find_item(batch, storage, key);
    if (!was) return fail(was.error());
    if (!change->now) return write_item(batch, storage, table, key, *was, nullptr, Cause::restored);
    auto item = dynamodb::decode_item(*change->now);
    if (!item) return fail(item.error());
    const NewItem now(std::move(*item));
    return write_item(batch, storage, table, key, *was, &now, Cause::restored);
}

io::Task<Result<void>> apply_changes(Service& service, std::vector<changelog::Entry> changes, TablePtr table) {
    for (std::size_t from = 0; from < changes.size(); from += changes_at_once) {
        const std::size_t until = std::min(changes.size(), from + changes_at_once);
        changelog::ChangeLog::Decision some = [&](changelog::Batch& batch) -> Result<void> {
            const TablePtr decided = service.catalogue().decided(table->name);
            if (!decided || decided->id != table->id) return fail(no_table(table->name));
            for (std::size_t at = from; at < until; ++at) {
                auto done = apply_change(batch, service.storage(), *decided, changes[at]);
                if (!done) return done;
            }
            return {};
        };
        const auto written = co_await service.log().write(std::move(some));
        if (!written) co_return fail(written.error());
    }
    co_return Result<void>();
}

}  // namespace

io::Task<Result<void>> open_continuous_backups(Service& service) {
    auto open = [store = store_of(service),
                 log = &service.log(),
                 all = &service.catalogue(),
                 making = &service.snapshots()]() mutable -> Result<void> {
        const std::scoped_lock lock(*making);
        if (auto opened = store.open(); !opened) return fail(opened.error());
        return tidy(*log, store, *all);
    };
    co_return co_await service.reading().run(open);
}

io::Task<Result<void>> keep_continuous_backups_once(Service& service) {
    const auto tables = service.catalogue().all();
    for (const auto& table : tables) {
        if (!table->point_in_time || table->status == TableStatus::creating) continue;
        const auto work = [log = &service.log(),
                           storage = service.storage(),
                           store = store_of(service),
                           table,
                           making = &service.snapshots()]() -> Result<void> {
            const std::scoped_lock lock(*making);
            const auto there = snapshots_of(store, table->id);
            if (!there) return fail(there.error());
            const std::string here = log->identity().id.value();
            const bool fresh = std::ranges::any_of(*there, [&](const Backup& backup) {
                return backup.log == here && backup.created_ms >= table->point_in_time_since_ms &&
                       backup.created_ms > log->wall_ms() - snapshot_every_ms;
            });
            if (fresh) return {};
            auto taken = take_snapshot(*log, storage, store, table);
            if (!taken) return fail(taken.error());
            return {};
        };
        const auto done = co_await service.reading().run(work);
        if (!done) co_return done;
        if (service.stopping()) co_return Result<void>();
    }
    const auto clean =
        [log = &service.log(), store = store_of(service), all = &service.catalogue(), making = &service.snapshots()] {
            const std::scoped_lock lock(*making);
            return tidy(*log, store, *all);
        };
    co_return co_await service.reading().run(clean);
}

io::Task<void> keep_continuous_backups(Service& service) {
    std::string told;
    while (!service.stopping()) {
        auto kept = co_await remove_expired_backups(service);
        if (kept) kept = co_await keep_continuous_backups_once(service);
        if (!kept && told != kept.error().code) {
            io::log(io::Level::error, "tables.no-continuous-backup", {{"why", kept.error().message}});
        }
        told = kept ? std::string() : kept.error().code;
        co_await service.pause(look_every);
    }
}

Result<std::optional<RecoveryWindow>> recovery_window(Service& service, const Table& table) {
    const auto snapshots = snapshots_of(store_of(service), table.id);
    if (!snapshots) return fail(snapshots.error());
    const auto until = latest_ms(service.log());
    if (!until) return fail(until.error());
    for (const auto& backup : *snapshots) {
        if (backup.created_ms < table.point_in_time_since_ms) continue;
        return RecoveryWindow{.from_ms = std::max(backup.created_ms, window_from(table, *until)), .until_ms = *until};
    }
    return std::nullopt;
}

io::Task<Result<void>> restore_moment(Service& service, TablePtr source, std::int64_t at_ms, TablePtr table) {
    const BackupStore store = store_of(service);
    const auto choose = [&] { return snapshot_before(store, *source, at_ms); };
    const auto snapshot = co_await service.reading().run(choose);
    if (!snapshot) co_return fail(snapshot.error());
    const auto content = co_await restore_content(service, store, *snapshot, table);
    if (!content) co_return content;
    // What this writes into the log is of another table, and later than the end.
    const Position end = service.log().last();
    for (Position after(snapshot->position); after < end;) {
        const auto read = [log = &service.log(), after, at_ms] {
            return log->read(after, {.logged_until_ms = at_ms, .origin = std::nullopt});
        };
        auto slice = co_await service.reading().run(read);
        if (!slice) co_return fail(slice.error());
        if (slice->reached == after) break;
        after = slice->reached;
        std::erase_if(slice->entries, [&](const changelog::Entry& entry) {
            const auto& kind = entry.change.kind;
            return entry.change.container != source->id || (kind != put_kind && kind != delete_kind);
        });
        const auto applied = co_await apply_changes(service, std::move(slice->entries), table);
        if (!applied) co_return applied;
    }
    co_return Result<void>();
}

}  // namespace cloudshelf::tables
