#include "region/tables/item_store.hpp"

#include "region/log/bytes.hpp"
#include "region/tables/capacity.hpp"
#include "region/tables/expiry.hpp"
#include "region/tables/tombstone.hpp"
#include "wire/dynamodb/key.hpp"
#include "wire/dynamodb/limits.hpp"
#include "wire/dynamodb/stored_item.hpp"

#include <algorithm>

namespace cloudshelf::tables {
namespace {

using changelog::Batch;
using changelog::ByteReader;
using changelog::ByteWriter;

constexpr std::uint8_t change_format = 1;
constexpr std::uint8_t has_now = 1;
constexpr std::uint8_t has_was = 2;

std::string encode_count(const Count& count) {
    ByteWriter to;
    return to.number(static_cast<std::uint64_t>(count.items)).number(static_cast<std::uint64_t>(count.bytes)).take();
}

Result<Count> decode_count(std::string_view bytes) {
    ByteReader from(bytes);
    Count count;
    count.items = static_cast<std::int64_t>(from.number<std::uint64_t>());
    count.bytes = static_cast<std::int64_t>(from.number<std::uint64_t>());
    if (!from.finished()) return fail("tables.bad-record", "a count cannot be read");
    return count;
}

Result<void> add_to_count(
    Batch& batch, const Storage& storage, StorageNumber number, std::int64_t items, std::int64_t bytes
) {
    if (items == 0 && bytes == 0) return {};
    auto count = count_of(batch, storage, number);
    if (!count) return fail(count.error());
    count->items += items;
    count->bytes += bytes;
    batch.put(storage.counts, storage_prefix(number), encode_count(*count));
    return {};
}

std::int64_t bytes_of(const dynamodb::Item* item) {
    return item ? static_cast<std::int64_t>(dynamodb::size_of(*item)) : 0;
}

/// An item's entry in one index.
struct IndexEntry {
    std::string key;
    dynamodb::Item item;
    std::string encoded;
};

std::optional<IndexEntry> entry_in(const Table& table, const Index& index, const dynamodb::Item* item) {
    if (!item) return std::nullopt;
    auto key = index_entry_key(table, index, *item);
    if (!key) return std::nullopt;
    IndexEntry entry{.key = std::move(*key), .item = projected(table, index, *item), .encoded = {}};
    entry.encoded = dynamodb::encode_item(entry.item);
    return entry;
}

/// One write where an entry comes, goes or changes, two where it moves, by the larger of both.
double units_between(const std::optional<IndexEntry>& was, const std::optional<IndexEntry>& now) {
    if (!was && !now) return 0;
    if (!was || !now) return write_units(dynamodb::size_of(was ? was->item : now->item));
    const auto before = dynamodb::size_of(was->item);
    const auto after = dynamodb::size_of(now->item);
    if (was->key != now->key) return write_units(before) + write_units(after);
    return was->encoded == now->encoded ? 0 : write_units(std::max(before, after));
}

void replace_expiry(
    Batch& batch,
    const Storage& storage,
    const Table& table,
    std::string_view key,
    const dynamodb::Item* was,
    const dynamodb::Item* now
) {
    if (!table.ttl_attribute) return;
    const auto before = was ? expiry_of(table, *was) : std::nullopt;
    const auto after = now ? expiry_of(table, *now) : std::nullopt;
    if (before == after) return;
    if (before) batch.erase(storage.expiry, encode_expiry(table.number, {*before, std::string(key)}));
    if (after) batch.put(storage.expiry, encode_expiry(table.number, {*after, std::string(key)}), {});
}

}  // namespace

Result<dynamodb::Item> StoredItem::item() const {
    return dynamodb::decode_item(encoded);
}

Result<std::optional<StoredItem>> find_item(const changelog::View& view, const Storage& storage, std::string_view key) {
    auto found = view.get(storage.data, key);
    if (!found) return fail(found.error());
    if (!*found) return std::nullopt;
    std::string_view bytes = **found;
    const auto head = VersionHead::take(bytes);
    if (!head) return fail(head.error());
    StoredItem stored{.version = head->version, .encoded = std::move(**found)};
    stored.encoded.erase(0, VersionHead::encoded_bytes);
    return stored;
}

std::string ItemChange::encode() const {
    ByteWriter to;
    to.reserve(64 + key.size() + (now ? now->size() : 0) + (was ? was->size() : 0));
    to.number(change_format).number(static_cast<std::uint8_t>(cause));
    to.number(static_cast<std::uint8_t>((now ? has_now : 0) | (was ? has_was : 0)));
    to.raw(replaced.encode()).text<std::uint16_t>(key);
    if (now) to.text<std::uint32_t>(*now);
    if (was) to.text<std::uint32_t>(*was);
    return to.take();
}

Result<ItemChange> ItemChange::decode(std::string_view bytes) {
    ByteReader from(bytes);
    const auto format = from.number<std::uint8_t>();
    const auto cause = from.number<std::uint8_t>();
    const auto parts = from.number<std::uint8_t>();
    const auto replaced = core::HybridStamp::decode(from.raw(core::HybridStamp::encoded_bytes));
    ItemChange change{.key = std::string(from.text<std::uint16_t>()), .replaced = {}, .now = {}, .was = {}};
    if ((parts & has_now) != 0) change.now = std::string(from.text<std::uint32_t>());
    if ((parts & has_was) != 0) change.was = std::string(from.text<std::uint32_t>());
    const bool known = format == change_format && cause <= static_cast<std::uint8_t>(Cause::restored) &&
                       (parts & ~(has_now | has_was)) == 0;
    if (!from.finished() || !known || !replaced) return fail("tables.bad-record", "a change of an item cannot be read");
    change.replaced = *replaced;
    change.cause = static_cast<Cause>(cause);
    return change;
}

NewItem::NewItem(dynamodb::Item from) : item(std::move(from)), encoded(dynamodb::encode_item(item)) {}

Result<void> write_item(
    Batch& batch,
    const Storage& storage,
    const Table& table,
    std::string_view key,
    const std::optional<StoredItem>& was,
    const NewItem* now,
    Cause cause
) {
    if (!was && !now) return {};
    if (now) {
        for (const auto& index : table.indexes) {
            auto fits = dynamodb::check_index_key(now->item, index.key, index.name);
            if (!fits) return fits;
        }
    }
    core::ItemVersion version{.stamp = batch.stamp(), .replaced = {}};
    if (was) {
        version.replaced = was->version.stamp;
    } else if (table.replicated()) {
        const auto tombstone = find_tombstone(batch, storage, key);
        if (!tombstone) return fail(tombstone.error());
        if (*tombstone) version.replaced = (*tombstone)->stamp;
    }
    if (auto replaced = replace_item(batch, storage, table, key, was, now, version); !replaced) return replaced;

    const bool silent = cause == Cause::backfill || cause == Cause::restored;
    const bool in_stream = table.stream() && !silent && !(was && now && was->encoded == now->encoded);
    ItemChange change{
        .key = std::string(key.substr(sizeof(std::uint32_t))),
        .replaced = version.replaced,
        .cause = cause,
        .now = {},
        .was = {}
    };
    if (now) change.now = now->encoded;
    if (in_stream && was) change.was = was->encoded;
    const auto position = batch.append(
        {.kind = std::string(now ? put_kind : delete_kind), .container = table.id, .payload = change.encode()}
    );
    if (!now && table.replicated()) {
        batch.put(storage.tombstones, key, Tombstone{.version = version, .position = position}.encode());
    }
    if (in_stream) note_in_stream(batch, storage, table, position);
    return {};
}

Result<void> replace_item(
    Batch& batch,
    const Storage& storage,
    const Table& table,
    std::string_view key,
    const std::optional<StoredItem>& was,
    const NewItem* now,
    const core::ItemVersion& version
) {
    std::optional<dynamodb::Item> before;
    if (was) {
        auto item = was->item();
        if (!item) return fail(item.error());
        before = std::move(*item);
    }
    const auto* old_item = before ? &*before : nullptr;
    const auto* new_item = now ? &now->item : nullptr;
    if (now) {
        batch.put(storage.data, key, VersionHead{.version = version}.encode() + now->encoded);
        if (!was && table.replicated()) batch.erase(storage.tombstones, key);
    } else if (was) {
        batch.erase(storage.data, key);
    }
    const auto counted = add_to_count(
        batch, storage, table.number, (now ? 1 : 0) - (was ? 1 : 0), bytes_of(new_item) - bytes_of(old_item)
    );
    if (!counted) return counted;
    for (const auto& index : table.indexes) {
        const auto replaced = replace_in_index(batch, storage, table, index, old_item, new_item);
        if (!replaced) return fail(replaced.error());
    }
    replace_expiry(batch, storage, table, key, old_item, new_item);
    return {};
}

void note_in_stream(Batch& batch, const Storage& storage, const Table& table, changelog::Position position) {
    if (const auto* stream = table.stream()) batch.put(storage.streams, stream_key(stream->number, position), {});
}

std::string stream_key(StorageNumber stream, changelog::Position position) {
    return ByteWriter().number(stream.value()).number(position.value()).take();
}

Result<std::optional<core::ItemVersion>> find_tombstone(
    const changelog::View& view, const Storage& storage, std::string_view key
) {
    const auto found = view.get(storage.tombstones, key);
    if (!found) return fail(found.error());
    if (!*found) return std::nullopt;
    const auto tombstone = Tombstone::decode(**found);
    if (!tombstone) return fail(tombstone.error());
    return tombstone->version;
}

dynamodb::Item projected(const Table& table, const Index& index, const dynamodb::Item& item) {
    if (index.projected == Projected::all) return item;
    dynamodb::Item kept;
    const auto keep = [&](const std::string& name) {
        if (const auto* value = item.find(name)) kept.set(name, *value);
    };
    for (const auto* key : {&table.key, &index.key}) {
        keep(key->hash.name);
        if (key->sort) keep(key->sort->name);
    }
    if (index.projected == Projected::include) std::ranges::for_each(index.included, keep);
    return kept;
}

Result<double> replace_in_index(
    Batch& batch,
    const Storage& storage,
    const Table& table,
    const Index& index,
    const dynamodb::Item* was,
    const dynamodb::Item* now
) {
    const auto before = entry_in(table, index, was);
    const auto after = entry_in(table, index, now);
    const double units = units_between(before, after);
    if (units == 0) return 0;
    if (before && (!after || after->key != before->key)) batch.erase(storage.index, before->key);
    if (after) batch.put(storage.index, after->key, after->encoded);
    const auto counted = add_to_count(
        batch,
        storage,
        index.number,
        (after ? 1 : 0) - (before ? 1 : 0),
        bytes_of(after ? &after->item : nullptr) - bytes_of(before ? &before->item : nullptr)
    );
    if (!counted) return fail(counted.error());
    return units;
}

double index_write_units(const Table& table, const Index& index, const dynamodb::Item* was, const dynamodb::Item* now) {
    return units_between(entry_in(table, index, was), entry_in(table, index, now));
}

Result<Count> count_of(const changelog::View& view, const Storage& storage, StorageNumber number) {
    const auto found = view.get(storage.counts, storage_prefix(number));
    if (!found) return fail(found.error());
    return *found ? decode_count(**found) : Count{};
}

}  // namespace cloudshelf::tables
