#include "region/log/database.hpp"
#include "region/log/errors.hpp"
#include "region/log/group.hpp"
#include "region/log/home.hpp"
#include "region/log/snapshot.hpp"

#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::changelog {

namespace {

template <class Record, class Decode>
Result<Record> record(const Database& database, std::string_view key, Decode decode) {
    const auto found = database.get(Database::meta, key);
    if (!found) return fail(found.error());
    if (!*found) return Record{};
    return decode(**found);
}

Result<LogEnd> end_of(const Database& database) {
    return record<LogEnd>(database, meta::end, LogEnd::decode);
}
Result<Identity> identity_of(const Database& database) {
    return record<Identity>(database, meta::identity, decode_identity);
}

std::string key_of(std::string_view stem, const RegionName& region) {
    return std::string(stem) + region.value();
}

Result<void> write_durably(const Database& database, rocksdb::WriteBatch* batch) {
    rocksdb::WriteOptions durable;
    durable.sync = true;
    const auto written = database.db()->Write(durable, batch);
    if (!written.ok()) return fail(error_of(written));
    return {};
}

/// From where on our own log is to be applied again: what the snapshot's region had of it then.
Result<Position> carry_from(const Database& old, const Database& fetched, const RegionName& own) {
    const auto identity = identity_of(old);
    if (!identity) return fail(identity.error());
    const auto low = record<LowWater>(old, meta::low_water, LowWater::decode);
    if (!low) return fail(low.error());
    const auto known = record<Followed>(fetched, key_of(meta::followed, own), Followed::decode);
    if (!known) return fail(known.error());
    Position from;  // all of it: a write that the snapshot has already changes nothing, its stamp is known there
    if (known->id == identity->id || (known->id == identity->parent && known->position <= identity->parent_position)) {
        from = known->position;
    }
    if (from < low->position) {
        return fail(
            "log.would-lose",
            fmt::format(
                "our entries up to {} are gone, and the snapshot's region had them up to {} only: writes accepted here "
                "may be lost",
                low->position.value(),
                from.value()
            )
        );
    }
    return from;
}

/// Makes the fetched database ours: another log, which begins as a copy.
Result<void> adopt(const Database& fetched, const ChangeLog::Options& options, const Manifest& manifest) {
    const auto end = end_of(fetched);
    if (!end) return fail(end.error());
    auto* const family = fetched.handle(Database::meta);
    rocksdb::WriteBatch batch;
    const Identity identity{.id = draw_log_id(), .parent = manifest.identity.id, .parent_position = end->last};
    const Followed followed{.id = manifest.identity.id, .position = end->last, .checksum = end->checksum};
    batch.Put(family, slice(meta::identity), encode(identity));
    batch.Put(family, slice(meta::region), options.region.value());
    batch.Put(family, key_of(meta::followed, manifest.region), followed.encode());
    batch.Delete(family, key_of(meta::followed, options.region));
    const KeyRange replicas = KeyRange::prefix(meta::replica);  // theirs
    batch.DeleteRange(family, replicas.from, replicas.until);
    return write_durably(fetched, &batch);
}

/// Applies our own writes of the old log to the new one.
Result<void> carry_over(
    const Database& old,
    std::shared_ptr<Database> fetched,
    Position from,
    const ChangeLog::Options& options,
    const Apply& apply
) {
    const auto old_end = end_of(old);
    if (!old_end) return fail(old_end.error());
    auto end = end_of(*fetched);
    if (!end) return fail(end.error());
    SharedClock clock(core::HybridClock({.site = options.site, .skew_max = options.skew_max}));
    clock.resume(end->clock);
    clock.resume(old_end->clock);
    Group group(fetched, &clock, &options);
    for (std::uint64_t next = from.value() + 1; next <= old_end->last.value(); ++next) {
        const auto entry = read_entry(old, Position(next));
        if (!entry) return fail(entry.error());
        if (entry->origin != options.region) continue;
        ChangeLog::Decision decision = [&](Batch& batch) { return apply(*entry, batch); };
        group.begin(*end);
        const auto decided = group.decide(decision, options.wall_ms());
        if (!decided) return fail(decided.error());
        auto* const batch = group.seal();
        if (batch == nullptr) continue;
        const auto written = fetched->db()->Write({}, batch);
        if (!written.ok()) return fail(error_of(written));
        *end = group.end();
    }
    const auto synced = fetched->db()->SyncWAL();
    if (!synced.ok()) return fail(error_of(synced));
    return {};
}

}  // namespace

Result<void> install_snapshot(
    ChangeLog::Options options, std::filesystem::path fetched, Manifest manifest, OwnWrites own_writes, Apply apply
) {
    if (!options.wall_ms) options.wall_ms = system_wall_ms;
    const auto old = open_current(options);  // and with it the lock, until all is done
    if (!old) return fail(old.error());
    Position from;
    {
        const auto looked_at = Database::open(fetched / "files", {.read_only = true});
        if (!looked_at) return fail(looked_at.error());
        const auto identity = identity_of(**looked_at);
        if (!identity) return fail(identity.error());
        if (*identity != manifest.identity) return fail("log.corrupt", "the snapshot is of another log than it says");
        const auto found = carry_from(**old, **looked_at, options.region);
        if (!found && own_writes == OwnWrites::carry_over) return fail(found.error());
        from = found.value_or(Position(0));
    }
    const auto home = next_home(options.folder);
    if (!home) return fail(home.error());
    std::error_code failed;
    std::filesystem::remove_all(*home, failed);
    std::filesystem::rename(fetched / "files", *home, failed);
    if (failed) return fail("log.io", fmt::format("{} to {}: {}", fetched.string(), home->string(), failed.message()));
    {
        const auto database = Database::open(*home, database_options(options));
        if (!database) return fail(database.error());
        const auto adopted = adopt(**database, options, manifest);
        if (!adopted) return fail(adopted.error());
        if (own_writes == OwnWrites::carry_over) {
            const auto carried = carry_over(**old, *database, from, options, apply);
            if (!carried) return fail(carried.error());
        }
    }
    const auto moved = move_home(options.folder, *home);
    if (!moved) return fail(moved.error());
    std::filesystem::remove_all(fetched, failed);
    return {};
}

Result<void> mark_restored(ChangeLog::Options options) {
    const auto database = open_current(options);
    if (!database) return fail(database.error());
    const auto before = identity_of(**database);
    if (!before) return fail(before.error());
    const auto end = end_of(**database);
    if (!end) return fail(end.error());
    const Identity identity{.id = draw_log_id(), .parent = before->id, .parent_position = end->last};
    rocksdb::WriteBatch batch;
    batch.Put((*database)->handle(Database::meta), slice(meta::identity), encode(identity));
    batch.Put((*database)->handle(Database::meta), slice(meta::region), options.region.value());
    return write_durably(**database, &batch);
}

}  // namespace cloudshelf::changelog
