#include "region/tables/storage.hpp"

#include "base/crc32c.hpp"
#include "region/log/bytes.hpp"
#include "wire/dynamodb/key.hpp"

#include <algorithm>

namespace cloudshelf::tables {
namespace {

constexpr std::size_t head_bytes = sizeof(std::uint32_t) + sizeof(std::uint16_t);  // number, spread

std::string spread_prefix(StorageNumber number, const dynamodb::AttributeValue& hash) {
    std::string key(head_bytes, '\0');
    key.reserve(64);
    dynamodb::append_key(key, hash);
    const auto spread = spread_of(std::string_view(key).substr(head_bytes));
    const std::uint64_t head = std::uint64_t{number.value()} << 16 | spread;
    for (std::size_t i = 0; i < head_bytes; ++i) key[i] = static_cast<char>(head >> 8 * (head_bytes - 1 - i));
    return key;
}

/// The value an index may sort by; null where it is absent or of another type.
const dynamodb::AttributeValue* key_value(const dynamodb::Item& item, const dynamodb::KeyAttribute& attribute) {
    const auto* value = item.find(attribute.name);
    return value && value->is(attribute.type) ? value : nullptr;
}

}  // namespace

std::vector<std::string> Storage::names() {
    return {"index", "tombstones", "expiry", "streams", "counts", "catalogue", "conflicts", "tokens", "backups"};
}

Result<Storage> Storage::of(const changelog::ChangeLog& log) {
    Storage storage;
    storage.data = log.data();
    changelog::Family* const others[] = {
        &storage.index,
        &storage.tombstones,
        &storage.expiry,
        &storage.streams,
        &storage.counts,
        &storage.catalogue,
        &storage.conflicts,
        &storage.tokens,
        &storage.backups
    };
    const auto all = names();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto family = log.family(all[i]);
        if (!family) return fail(family.error());
        *others[i] = *family;
    }
    return storage;
}

std::uint16_t spread_of(std::string_view encoded_hash_key) {
    // A CRC is linear: the multiplication keeps a difference of few bits from staying one.
    return static_cast<std::uint16_t>(crc32c(encoded_hash_key) * 0x9E3779B1u >> 16);
}

std::string storage_prefix(StorageNumber number) {
    return changelog::ByteWriter().number(number.value()).take();
}

std::string storage_prefix(StorageNumber number, const dynamodb::AttributeValue& hash) {
    return spread_prefix(number, hash);
}

std::string item_key(const Table& table, const dynamodb::Item& key_or_item) {
    std::string key = spread_prefix(table.number, *key_or_item.find(table.key.hash.name));
    if (table.key.sort) dynamodb::append_key(key, *key_or_item.find(table.key.sort->name));
    return key;
}

std::optional<std::string> index_entry_key(const Table& table, const Index& index, const dynamodb::Item& item) {
    const auto* hash = key_value(item, index.key.hash);
    const auto* sort = index.key.sort ? key_value(item, *index.key.sort) : nullptr;
    if (!hash || (index.key.sort && !sort)) return std::nullopt;
    std::string key = spread_prefix(index.number, *hash);
    if (sort) dynamodb::append_key(key, *sort);
    dynamodb::append_key(key, *item.find(table.key.hash.name));
    if (table.key.sort) dynamodb::append_key(key, *item.find(table.key.sort->name));
    return key;
}

Result<dynamodb::Item> key_attributes(const Table& table, std::string_view storage_key) {
    const auto bad = [] { return fail("tables.bad-record", "a key in storage is not of its table"); };
    if (storage_key.size() < head_bytes) return bad();
    storage_key.remove_prefix(head_bytes);
    dynamodb::Item key;
    auto hash = dynamodb::take_key(storage_key, table.key.hash.type);
    if (!hash) return bad();
    key.set(table.key.hash.name, std::move(*hash));
    if (table.key.sort) {
        auto sort = dynamodb::take_key(storage_key, table.key.sort->type);
        if (!sort) return bad();
        key.set(table.key.sort->name, std::move(*sort));
    }
    if (!storage_key.empty()) return bad();
    return key;
}

Result<std::vector<std::string>> next_keys(
    const changelog::View& view,
    changelog::Family family,
    StorageNumber number,
    std::string_view after,
    std::size_t keys_max
) {
    std::vector<std::string> keys;
    auto range = changelog::KeyRange::prefix(storage_prefix(number));
    if (!after.empty()) range.from = std::string(after) + '\0';
    const auto take = [&](std::string_view key, std::string_view) {
        keys.emplace_back(key);
        return keys.size() < keys_max;
    };
    if (const auto read = view.scan(family, range, take); !read) return fail(read.error());
    return keys;
}

std::string VersionHead::encode() const {
    return version.stamp.encode() + version.replaced.encode();
}

Result<VersionHead> VersionHead::take(std::string_view& bytes) {
    constexpr auto stamp_bytes = core::HybridStamp::encoded_bytes;
    if (bytes.size() < encoded_bytes) return fail("tables.bad-record", "an item in storage has no version");
    const auto stamp = core::HybridStamp::decode(bytes.substr(0, stamp_bytes));
    const auto replaced = core::HybridStamp::decode(bytes.substr(stamp_bytes, stamp_bytes));
    if (!stamp || !replaced) return fail("tables.bad-record", "an item in storage has a version that is none");
    bytes.remove_prefix(encoded_bytes);
    return VersionHead{.version = {.stamp = *stamp, .replaced = *replaced}};
}

}  // namespace cloudshelf::tables
