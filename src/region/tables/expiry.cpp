#include "region/tables/expiry.hpp"

#include "region/log/bytes.hpp"
#include "region/tables/storage.hpp"
#include "wire/dynamodb/stored_item.hpp"

namespace cloudshelf::tables {
namespace {

std::optional<std::uint64_t> seconds_of(const dynamodb::AttributeValue& value) {
    const auto* number = value.get<dynamodb::Number>();
    return number == nullptr ? std::nullopt : number->whole();
}

}  // namespace

std::optional<std::uint64_t> expiry_of(const Table& table, const dynamodb::Item& item) {
    const auto* value = table.ttl_attribute ? item.find(*table.ttl_attribute) : nullptr;
    return value == nullptr ? std::nullopt : seconds_of(*value);
}

Result<std::optional<std::uint64_t>> expiry_of(const Table& table, std::string_view encoded) {
    if (!table.ttl_attribute) return std::nullopt;
    const auto value = dynamodb::decode_attribute(encoded, *table.ttl_attribute);
    if (!value) return fail(value.error());
    return *value ? seconds_of(**value) : std::nullopt;
}

std::string encode_expiry(StorageNumber table, const Expiry& expiry) {
    changelog::ByteWriter key;
    return key.raw(storage_prefix(table)).number(expiry.seconds).raw(expiry.item_key).take();
}

Result<Expiry> decode_expiry(std::string_view key) {
    changelog::ByteReader reader(key);
    reader.number<std::uint32_t>();  // the table
    Expiry expiry{.seconds = reader.number<std::uint64_t>(), .item_key = std::string(reader.raw(reader.left()))};
    if (!reader.good()) return fail("tables.bad-record", "a key of the family \"expiry\" is too short");
    return expiry;
}

}  // namespace cloudshelf::tables
