#include "region/tables/following.hpp"

#include "io/http.hpp"
#include "io/log.hpp"
#include "region/tables/dropped.hpp"
#include "region/tables/expiry_filler.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/table_streams.hpp"
#include "region/tables/update_table.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace cloudshelf::tables {
namespace {

using namespace std::chrono_literals;

constexpr Duration retry_after = 200ms;

bool has_replica(const Table& table, const RegionName& region) {
    return std::ranges::find(table.replicas, region, &Replica::region) != table.replicas.end();
}

Result<void> receive(
    Service& service, const changelog::Entry& entry, changelog::Batch& batch, std::vector<std::string>& changed
) {
    if (entry.change.kind == table_kind) return receive_table(service, batch, entry, changed);
    const auto table = service.catalogue().decided_id(entry.change.container);
    if (!table || !has_replica(*table, entry.origin)) return {};
    const auto change = ItemChange::decode(entry.change.payload);
    if (!change) return fail(change.error());
    return receive_item(batch, service.storage(), *table, entry, *change, service.site());
}

/// The table's copy that begins here.
Result<Table> new_replica(Service& service, changelog::Batch& batch, Table theirs, const RegionName& origin) {
    Catalogue& catalogue = service.catalogue();
    auto number = catalogue.next_number(batch);
    if (!number) return fail(number.error());
    theirs.number = *number;
    for (auto& index : theirs.indexes) {
        number = catalogue.next_number(batch);
        if (!number) return fail(number.error());
        index.number = *number;
        index.backfilling = false;
    }
    std::erase_if(theirs.replicas, [&](const Replica& replica) { return replica.region == service.region(); });
    theirs.replicas.push_back({.region = origin, .status = ReplicaStatus::active});
    theirs.status = TableStatus::active;
    theirs.streams.clear();
    theirs.tags.clear();  // they belong to the region
    theirs.point_in_time = false;
    if (auto enabled = enable_stream(theirs, StreamView::new_and_old_images, catalogue, batch); !enabled)
        return fail(enabled.error());
    return theirs;
}

/// Whether a table of that name that is here already may become the replica: it is empty, nobody replicates it, and it
/// has the same key. CreateGlobalTable (2017.11.29) asks for such a one in each region.
bool gives_way(const changelog::View& view, const Storage& storage, const Table& here, const Table& theirs) {
    if (here.replicated() || here.key != theirs.key || here.status != TableStatus::active) return false;
    const auto count = count_of(view, storage, here.number);
    return count && count->items == 0;
}

/// What all replicas share, taken over.
Result<Table> shared(Service& service, changelog::Batch& batch, const Table& ours, const Table& theirs) {
    Table next = ours;
    next.attributes = theirs.attributes;
    for (auto index = next.indexes.begin(); index != next.indexes.end();) {
        if (theirs.index(index->name)) {
            ++index;
        } else {
            drop(batch, service.storage(), index->number);
            index = next.indexes.erase(index);
        }
    }
    for (const auto& index : theirs.indexes) {
        if (next.index(index.name)) continue;
        const auto number = service.catalogue().next_number(batch);
        if (!number) return fail(number.error());
        next.indexes.push_back(index);
        next.indexes.back().number = *number;
        next.indexes.back().backfilling = true;
    }
    if (next.ttl_attribute != theirs.ttl_attribute) {
        next.ttl_attribute = theirs.ttl_attribute;
        if (next.ttl_attribute) want_expiry(batch, service.storage(), next);
    }
    return next;
}

/// What a change of a table leaves to be done behind.
void work_behind(Service& service, const std::string& name) {
    service.catalogue().settle(name);
    service.run_behind(erase_dropped(service));
    service.run_behind(fill_expiry(service));
    if (const auto table = service.catalogue().find(name)) fill_new_indexes(service, *table);
}

}  // namespace

Result<void> receive_table(
    Service& service, changelog::Batch& batch, const changelog::Entry& entry, std::vector<std::string>& changed
) {
    auto theirs = decode_table(entry.change.payload);
    if (!theirs) return fail(theirs.error());
    const auto ours = service.catalogue().decided_id(theirs->id);
    const bool wanted = has_replica(*theirs, service.region());
    if (ours && !has_replica(*ours, entry.origin)) return {};
    const auto namesake = ours ? nullptr : service.catalogue().decided(theirs->name);
    const bool adopted = namesake && wanted && gives_way(batch, service.storage(), *namesake, *theirs);
    if (!ours && (!wanted || (namesake && !adopted))) {
        if (wanted) {
            io::log(
                io::Level::error,
                "tables.replica-refused",
                {{"table", theirs->name}, {"from", entry.origin.value()}, {"why", "another table has this name here"}}
            );
        }
        return {};
    }
    const std::string name = theirs->name;
    changed.push_back(name);
    const auto change = [&](const Table* current, changelog::Batch& within) -> Result<std::optional<Table>> {
        if (!current || adopted) {
            if (current) drop(within, service.storage(), *current);
            auto made = new_replica(service, within, std::move(*theirs), entry.origin);
            if (!made) return fail(made.error());
            return std::optional(std::move(*made));
        }
        if (!wanted) {
            drop(within, service.storage(), *current);
            return std::optional<Table>();
        }
        auto next = shared(service, within, *current, *theirs);
        if (!next) return fail(next.error());
        return std::optional(std::move(*next));
    };
    return service.catalogue().change_in(batch, name, change);
}

io::Task<void> follow(Service& service, Peer peer) {
    io::HttpClient client(co_await boost::asio::this_coro::executor);
    std::vector<std::string> changed;  // written by decisions, which end before `pull` does
    const changelog::Apply apply = [&](const changelog::Entry& entry, changelog::Batch& batch) {
        return receive(service, entry, batch, changed);
    };
    changelog::Follower::Options options{
        .region = peer.region, .source = peer.endpoint, .secret = service.options().log_secret
    };
    options.wait = 2s;  // so that stopping does not wait long for an answer
    changelog::Follower follower(&service.log(), &client, options, apply);
    std::string told;
    while (!service.stopping()) {
        const auto pulled = co_await follower.pull();
        for (const auto& name : std::exchange(changed, {})) work_behind(service, name);
        if (pulled) {
            told.clear();
            continue;
        }
        const bool overtaken = follower.status().needs_snapshot;
        if (pulled.error().code != told && !service.stopping()) {
            told = pulled.error().code;
            io::log(
                overtaken ? io::Level::error : io::Level::warning,
                "tables.follow-failed",
                {{"region", peer.region.value()}, {"code", told}, {"why", pulled.error().message}}
            );
        }
        if (overtaken) co_return;
        co_await service.pause(retry_after);
    }
}

}  // namespace cloudshelf::tables
