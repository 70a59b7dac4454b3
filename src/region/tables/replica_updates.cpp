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

/// The next items of a table, by their keys.
Result<std::vector<std::string>> next_keys(
    const changelog::View& view, const Storage& storage, StorageNumber table, const std::string& from
) {
    std::vector<std::string> keys;
    auto range = changelog::KeyRange::prefix(storage_prefix(table));
    if (!from.empty()) range.from = from;
    const auto take = [&](std::string_view key, std::string_view) {
        keys.emplace_back(key);
        return keys.size() < items_per_decision;
    };
    if (const auto read = view.scan(storage.data, range, take); !read) return fail(read.error());
    return keys;
}

/// Within a decision: says once more in the log what is at those keys, each with its own version.
Result<void> log_again(
    changelog::Batch& batch, const Storage& storage, const Table& table, const std::vector<std::string>& keys
) {
    for (const auto& key : keys) {
        const auto stored = find_item(batch, storage, key);
        if (!stored) return fail(stored.error());
        if (!*stored) continue;
        ItemChange change{
            .key = key.substr(sizeof(std::uint32_t)),
            .replaced = (*stored)->version.stamp,
            .cause = Cause::backfill,
            .now = (*stored)->encoded,
            .was = {}
        };
        batch.append({.kind = std::string(put_kind), .container = table.id, .payload = change.encode()});
    }
    return {};
}

bool is_being_made(const TablePtr& table, const RegionName& region) {
    if (!table) return false;
    const auto replica = replica_of(*table, region);
    return replica != table->replicas.end() && replica->status == ReplicaStatus::creating;
}

io::Task<Result<void>> fill(Service& service, std::string table_id, RegionName region) {
    std::string from;
    for (;;) {
        const auto table = service.catalogue().find_id(table_id);
        if (service.stopping() || !is_being_made(table, region)) co_return Result<void>{};
        auto work = [view = service.log().view(), storage = service.storage(), number = table->number, from] {
            return next_keys(view, storage, number, from);
        };
        const auto keys = co_await service.reading().run(std::move(work));
        if (!keys) co_return fail(keys.error());
        if (keys->empty()) break;
        changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) {
            return log_again(batch, service.storage(), *table, *keys);
        };
        const auto written = co_await service.log().write(std::move(decision));
        if (!written) co_return fail(written.error());
        from = keys->back() + '\0';
    }
    const auto end = service.log().last();
    for (;;) {
        const auto table = service.catalogue().find_id(table_id);
        if (service.stopping() || !is_being_made(table, region)) co_return Result<void>{};
        const auto metrics = service.log().metrics();
        const auto replica = std::ranges::find(metrics.replicas, region, &changelog::ReplicaMetrics::region);
        if (replica != metrics.replicas.end() && replica->confirmed >= end) break;
        co_await service.pause(look_every);
    }
    const auto table = service.catalogue().find_id(table_id);
    if (!table) co_return Result<void>{};
    Catalogue::Change change = [&](const Table* current, changelog::Batch&) -> Result<std::optional<Table>> {
        if (!current) return std::optional<Table>();
        Table next = *current;
        if (const auto there = replica_of(next, region); there != next.replicas.end())
            there->status = ReplicaStatus::active;
        return std::optional(std::move(next));
    };
    const auto changed = co_await service.catalogue().change(table->name, std::move(change));
    if (!changed) co_return fail(changed.error());
    co_return Result<void>{};
}

io::Task<void> fill_replica(Service& service, std::string table_id, RegionName region) {
    const auto filled = co_await fill(service, table_id, region);
    if (filled) co_return;
    io::log(
        io::Level::warning,
        "tables.replica-not-filled",
        {{"table", table_id}, {"region", region.value()}, {"why", filled.error().message}}
    );
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
            service.run_behind(fill_replica(service, table.id, replica.region));
    }
}

}  // namespace cloudshelf::tables
