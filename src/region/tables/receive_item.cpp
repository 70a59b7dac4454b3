#include "region/tables/conflict.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/tombstone.hpp"
#include "wire/dynamodb/stored_item.hpp"

namespace cloudshelf::tables {
namespace {

/// What is at a key, dead or alive.
struct Here {
    std::optional<StoredItem> item;
    std::optional<core::ItemVersion> version;
};
Result<Here> find_here(const changelog::Batch& batch, const Storage& storage, std::string_view key) {
    auto item = find_item(batch, storage, key);
    if (!item) return fail(item.error());
    if (*item) return Here{.item = *item, .version = (*item)->version};
    const auto tombstone = find_tombstone(batch, storage, key);
    if (!tombstone) return fail(tombstone.error());
    return Here{.item = std::nullopt, .version = *tombstone};
}

}  // namespace

Result<void> receive_item(
    changelog::Batch& batch,
    const Storage& storage,
    const Table& table,
    const changelog::Entry& entry,
    const ItemChange& change,
    std::uint16_t site
) {
    const std::string key = storage_prefix(table.number) + change.key;
    // A backfilled item was written long ago: it is as old as its version, not as its entry.
    const bool backfilled = change.cause == Cause::backfill;
    const core::ItemVersion incoming{
        .stamp = backfilled ? change.replaced : entry.stamp,
        .replaced = backfilled ? core::HybridStamp{} : change.replaced
    };
    const auto here = find_here(batch, storage, key);
    if (!here) return fail(here.error());
    const auto contest = core::last_writer(here->version, incoming, site);
    if (contest.winner != core::Winner::incoming) return {};

    std::optional<NewItem> now;
    if (change.now) {
        auto item = dynamodb::decode_item(*change.now);
        if (!item) return fail(item.error());
        now.emplace(std::move(*item));
    }
    const auto replaced = replace_item(batch, storage, table, key, here->item, now ? &*now : nullptr, incoming);
    if (!replaced) return replaced;

    const bool in_stream = table.stream() && !backfilled &&
                           !(here->item && now && here->item->encoded == now->encoded) && (here->item || now);
    ItemChange applied = change;
    applied.was = in_stream && here->item ? std::optional(here->item->encoded) : std::nullopt;
    changelog::Entry received = entry;
    received.change.payload = applied.encode();
    const auto position = batch.append_received(received);
    if (!now) batch.put(storage.tombstones, key, Tombstone{.version = incoming, .position = position}.encode());
    if (in_stream) note_in_stream(batch, storage, table, position);
    if (contest.record_conflict && (here->item || now)) {  // of two deletes nothing is lost
        const Conflict conflict{
            .key = change.key,
            .at_ms = batch.wall_ms(),
            .won = {.version = incoming, .origin = entry.origin, .item = change.now},
            .lost =
                {.version = *here->version,
                 .origin = {},
                 .item = here->item ? std::optional(here->item->encoded) : std::nullopt},
        };
        batch.put(storage.conflicts, stream_key(table.number, position), conflict.encode());
    }
    return {};
}

}  // namespace cloudshelf::tables
