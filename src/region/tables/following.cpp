#include "region/tables/following.hpp"

#include "io/http.hpp"
#include "io/log.hpp"
#include "region/tables/dropped.hpp"
#include "region/tables/expiry_filler.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/replica_updates.hpp"
#include "region/tables/table_streams.hpp"
#include "region/tables/update_table.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace cloudshelf::tables {
namespace {

using namespace std::chrono_literals;

constexpr Duration retry_after = 200ms;
constexpr Duration refill_again_after = 5s;

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

/// What all replicas share, taken over where it was changed there later than here.
Result<Table> shared(Service& service, changelog::Batch& batch, const Table& ours, const Table& theirs) {
    Table next = ours;
    if (theirs.shared_changed <= ours.shared_changed) return next;
    next.shared_changed = theirs.shared_changed;
    next.attributes = theirs.attributes;
    next.indexes.clear();
    for (const auto& index : ours.indexes) {
        const auto* there = theirs.index(index.name);
        if (there && there->same_definition(index)) {
            next.indexes.push_back(index);
        } else {
            drop(batch, service.storage(), index.number);
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

changelog::Position confirmed_by(const changelog::ChangeLog& log, const RegionName& region) {
    const auto metrics = log.metrics();
    const auto found = std::ranges::find(metrics.replicas, region, &changelog::ReplicaMetrics::region);
    return found == metrics.replicas.end() ? changelog::Position(0) : found->confirmed;
}

/// A region whose log is another one than we followed has lost a part of what it had: it gets from us what we have of
/// it. One that merely trimmed what we did not have yet has lost nothing. Answers whether that has begun.
io::Task<bool> give_back(Service& service, RegionName region, const Error& why) {
    if (why.code == "log.trimmed") co_return true;
    const auto begun = co_await refill_replica(service, region);
    co_return begun.has_value();
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
    bool gave_back = false;
    while (!service.stopping()) {
        const auto confirmed = confirmed_by(service.log(), peer.region);
        const auto pulled = co_await follower.pull();
        for (const auto& name : std::exchange(changed, {})) work_behind(service, name);
        if (pulled) {
            const auto& status = follower.status();
            auto& following = service.following(peer.region);
            following.horizon.answered(confirmed.value(), status.source_last.value(), status.position.value());
            following.in_step_ms = status.in_step_ms;
            told.clear();
            gave_back = false;
            continue;
        }
        const Error& error = pulled.error();
        const bool overtaken = follower.status().needs_snapshot;
        if (error.code != told && !service.stopping()) {
            told = error.code;
            io::log(
                overtaken ? io::Level::error : io::Level::warning,
                "tables.follow-failed",
                {{"region", peer.region.value()}, {"code", told}, {"why", error.message}}
            );
        }
        if (overtaken) {
            if (!gave_back) gave_back = co_await give_back(service, peer.region, error);
            const auto begun = co_await follower.refill();
            if (begun) continue;
            io::log(
                io::Level::error,
                "tables.not-refilled",
                {{"region", peer.region.value()}, {"code", begun.error().code}, {"why", begun.error().message}}
            );
        }
        const Duration pause = overtaken ? refill_again_after : retry_after;
        co_await service.pause(pause);
    }
}

}  // namespace cloudshelf::tables
