#include "base/assert.hpp"
#include "region/tables/conflict.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/tombstone.hpp"

#include <cstddef>
#include <cstdint>

/// Any bytes as what another region sends of an item or a table, and as what storage keeps of conflicts and deletions:
/// refused, or what is written again to the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cloudshelf::tables;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto change = ItemChange::decode(bytes)) CLOUDSHELF_ASSERT(change->encode() == bytes);
    if (const auto conflict = Conflict::decode(bytes)) CLOUDSHELF_ASSERT(conflict->encode() == bytes);
    if (const auto tombstone = Tombstone::decode(bytes)) static_cast<void>(tombstone->encode());
    if (const auto table = decode_table(bytes)) CLOUDSHELF_ASSERT(decode_table(encode_table(*table)) == *table);
    return 0;
}
