#include "region/tables/replica_updates.hpp"

#include "io/log.hpp"
#include "region/tables/item_request.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/table_streams.hpp"
#include "wire/dynamodb/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
namespace errors = dynamodb::errors;
using namespace std::chrono_literals;

constexpr std::size_t items_per_decision = 200;
constexpr Duration look_every = 50ms;
constexpr Duration retry_after = 5s;

auto replica_of(auto& table, const RegionName& region) {
    return std::ranges::find(table.replicas, region, &Replica::region);
}

struct ReplicaUpdate {
    bool creates = false;
    RegionName region;
};

Result<ReplicaUpdate> read_update(const Service& service, const json::value& update) {
    const auto* object = update.if_object();
    if (!object) return fail(errors::serialization("Unexpected field type"));
    const auto create = object_member(*object, "Create");
    const auto erase = object_member(*object, "Delete");
    if (!create) return fail(create.error());
    if (!erase) return fail(erase.error());
    if (member(*object, "Update")) {
        return fail(errors::validation("Replicas have no settings of their own here: Update is not supported"));
    }
    if ((*create == nullptr) == (*erase == nullptr)) {
        return fail(errors::validation("One of Create, Update and Delete has to be there in each of ReplicaUpdates"));
    }
    const auto name = text_member(**(*create ? create : erase), "RegionName");
    if (!name) return fail(name.error());
    ReplicaUpdate read{.creates = *create != nullptr, .region = RegionName(std::string(*name))};
    const auto& peers = service.options().peers;
    if (read.region == service.region() || std::ranges::find(peers, read.region, &Peer::region) == peers.end()) {
        return fail(errors::validation(
            fmt::format("Region {} is not one that {} replicates to", read.region.value(), service.region().value())
        ));
    }
    return read;
}

Result<void> apply(Table& table, const ReplicaUpdate& update, Catalogue& catalogue, changelog::Batch& batch) {
    const auto there = replica_of(table, update.region);
    if (!update.creates) {
        if (there == table.replicas.end()) {
            return fail(errors::validation(fmt::format(
                "Replica specified in the Replica Update or Replica Delete action of the request was not found: {}",
                update.region.value()
            )));
        }
        table.replicas.erase(there);
        return {};
    }
    if (there != table.replicas.end()) {
        return fail(errors::validation(fmt::format(
            "Replica specified in the Replica Create action of the request already exists: {}", update.region.value()
        )));
    }
    const auto* stream = table.stream();
    if (stream && stream->view != StreamView::new_and_old_images) {
        return fail(errors::validation("Table needs a stream with both images, new and old, to have replicas"));
    }
    if (!stream) {
        auto enabled = enable_stream(table, StreamView::new_and_old_images, catalogue, batch);
        if (!enabled) return enabled;
    }
    table.replicas.push_back({.region = update.region, .status = ReplicaStatus::creating});
    return {};
}

/// Which filling of a replica: a later one takes its place.
struct Filling {
    std::string table_id;
    RegionName region;
    std::uint32_t round = 0;
};

/// The table, for as long as the filling is wanted.
TablePtr wanted_by(Service& service, const Filling& filling) {
    auto table = service.catalogue().find_id(filling.table_id);
    if (!table || service.stopping()) return nullptr;
    const auto replica = replica_of(*table, filling.region);
    const bool wanted = replica != table->replicas.end() && replica->status == ReplicaStatus::creating &&
                        replica->round == filling.round;
    return wanted ? table : nullptr;
}

/// Within a decision: says once more in the log what is at that key, with its own version.
Result<void> log_item_again(
    changelog::Batch& batch, const Storage& storage, const Table& table, const std::string& key
) {
    const auto stored = find_item(batch, storage, key);
    if (!stored) return fail(stored.error());
    if (!*stored) return {};
    const ItemChange change{
        .key = key.substr(sizeof(std::uint32_t)),
        .replaced = (*stored)->version.stamp,
        .cause = Cause::backfill,
        .now = (*stored)->encoded,
        .was = {}
    };
    batch.append({.kind = std::string(put_kind), .container = table.id, .payload = change.encode()});
    return {};
}

/// The same of a deletion.
Result<void> log_tombstone_again(
    changelog::Batch& batch, const Storage& storage, const Table& table, const std::string& key
) {
    const auto tombstone = find_tombstone(batch, storage, key);
    if (!tombstone) return fail(tombstone.error());
    if (!*tombstone) return {};
    const ItemChange change{
        .key = key.substr(sizeof(std::uint32_t)),
        .replaced = (*tombstone)->stamp,
        .cause = Cause::backfill,
        .now = {},
        .was = {}
    };
    batch.append({.kind = std::string(delete_kind), .container = table.id, .payload = change.encode()});
    return {};
}

using LogAgain = Result<void> (*)(changelog::Batch&, const Storage&, const Table&, const std::string& key);

/// Logs again what stands in one family of the table's.
io::Task<Result<void>> log_family_again(
    Service& service, const Filling& filling, changelog::Family family, LogAgain log_again
) {
    std::string last;  // that was seen to
    for (;;) {
        const auto table = wanted_by(service, filling);
        if (!table) co_return Result<void>();
        auto work = [view = service.log().view(), family, number = table->number, last] {
            return next_keys(view, family, number, last, items_per_decision);
        };
        const auto keys = co_await service.reading().run(std::move(work));
        if (!keys) co_return fail(keys.error());
        if (keys->empty()) co_return Result<void>();
        changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
            for (const auto& key : *keys) {
                if (auto logged = log_again(batch, service.storage(), *table, key); !logged) return logged;
            }
            return {};
        };
        const auto written = co_await service.log().write(std::move(decision));
        if (!written) co_return fail(written.error());
        last = keys->back();
    }
}

/// Until the replica has all that is in the log now, or is wanted no more.
io::Task<void> wait_until_confirmed(Service& service, const Filling& filling) {
    const auto end = service.log().last();
    while (wanted_by(service, filling)) {
        const auto metrics = service.log().metrics();
        const auto replica = std::ranges::find(metrics.replicas, filling.region, &changelog::ReplicaMetrics::region);
        if (replica != metrics.replicas.end() && replica->confirmed >= end) co_return;
        co_await service.pause(look_every);
    }
}

io::Task<Result<void>> fill(Service& service, const Filling& filling) {
    const auto& storage = service.storage();
    auto logged = co_await log_family_again(service, filling, storage.data, log_item_again);
    if (logged) logged = co_await log_family_again(service, filling, storage.tombstones, log_tombstone_again);
    if (!logged) co_return logged;
    co_await wait_until_confirmed(service, filling);
    const auto table = wanted_by(service, filling);
    if (!table) co_return Result<void>();
    Catalogue::Change change = [&](const Table* current, changelog::Batch&) -> Result<std::optional<Table>> {
        if (!current) return std::optional<Table>();
        Table next = *current;
        const auto there = replica_of(next, filling.region);
        if (there != next.replicas.end() && there->round == filling.round) there->status = ReplicaStatus::active;
        return std::optional(std::move(next));
    };
    const auto changed = co_await service.catalogue().change(table->name, std::move(change));
    if (!changed) co_return fail(changed.error());
    co_return Result<void>();
}

io::Task<void> fill_replica(Service& service, Filling filling) {
    while (!service.stopping()) {
        const auto filled = co_await fill(service, filling);
        if (filled) co_return;
        io::log(
            io::Level::warning,
            "tables.replica-not-filled",
            {{"table", filling.table_id}, {"region", filling.region.value()}, {"why", filled.error().message}}
        );
        co_await service.pause(retry_after);
    }
}

}  // namespace

io::Task<Result<TablePtr>> update_replicas(Service& service, TablePtr table, const json::array& updates) {
    std::vector<ReplicaUpdate> wanted;
    for (const auto& each : updates) {
        auto update = read_update(service, each);
        if (!update) co_return fail(update.error());
        wanted.push_back(std::move(*update));
    }
    Catalogue::Change change = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        if (!current) return fail(errors::resource_not_found());
        Table next = *current;
        for (const auto& update : wanted) {
            if (auto applied = apply(next, update, service.catalogue(), batch); !applied) return fail(applied.error());
        }
        return std::optional(std::move(next));
    };
    auto changed = co_await service.catalogue().change(table->name, std::move(change));
    if (changed && *changed) fill_new_replicas(service, **changed);
    co_return changed;
}

void fill_new_replicas(Service& service, const Table& table) {
    for (const auto& replica : table.replicas) {
        if (replica.status == ReplicaStatus::creating)
            service.run_behind(fill_replica(service, {table.id, replica.region, replica.round}));
    }
}

io::Task<Result<void>> refill_replica(Service& service, RegionName region) {
    const auto tables = service.catalogue().all();
    for (const auto& table : tables) {
        if (replica_of(*table, region) == table->replicas.end()) continue;
        Catalogue::Change change = [&](const Table* current, changelog::Batch&) -> Result<std::optional<Table>> {
            if (!current) return std::optional<Table>();
            Table next = *current;
            if (const auto replica = replica_of(next, region); replica != next.replicas.end()) {
                replica->status = ReplicaStatus::creating;
                ++replica->round;
            }
            return std::optional(std::move(next));
        };
        const auto changed = co_await service.catalogue().change(table->name, std::move(change));
        if (!changed) co_return fail(changed.error());
        if (*changed) fill_new_replicas(service, **changed);
    }
    io::log(io::Level::warning, "tables.refilling", {{"region", region.value()}});
    co_return Result<void>();
}

}  // namespace cloudshelf::tables
