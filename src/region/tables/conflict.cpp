#include "region/tables/conflict.hpp"

#include "region/log/bytes.hpp"
#include "region/tables/storage.hpp"

namespace cloudshelf::tables {
namespace {

using changelog::ByteReader;
using changelog::ByteWriter;

constexpr std::uint8_t format = 1;

void append(ByteWriter& to, const Conflict::Side& side) {
    to.raw(VersionHead{.version = side.version}.encode()).text<std::uint8_t>(side.origin.value());
    to.number(static_cast<std::uint8_t>(side.item ? 1 : 0)).text<std::uint32_t>(side.item.value_or(""));
}

Result<Conflict::Side> take_side(ByteReader& from) {
    std::string_view head_bytes = from.raw(VersionHead::encoded_bytes);
    const auto head = VersionHead::take(head_bytes);
    if (!head) return fail(head.error());
    Conflict::Side side{
        .version = head->version, .origin = RegionName(std::string(from.text<std::uint8_t>())), .item = {}
    };
    const auto items = from.number<std::uint8_t>();
    const auto item = from.text<std::uint32_t>();
    if (items > 1 || (items == 0 && !item.empty())) return fail("tables.bad-record", "neither one item nor none");
    if (items == 1) side.item = std::string(item);
    return side;
}

}  // namespace

std::string Conflict::encode() const {
    ByteWriter to;
    to.number(format).text<std::uint32_t>(key).number(static_cast<std::uint64_t>(at_ms));
    append(to, won);
    append(to, lost);
    return to.take();
}

Result<Conflict> Conflict::decode(std::string_view bytes) {
    ByteReader from(bytes);
    const auto bad = [] { return fail("tables.bad-record", "a conflict in storage cannot be read"); };
    if (from.number<std::uint8_t>() != format) return bad();
    Conflict conflict;
    conflict.key = from.text<std::uint32_t>();
    conflict.at_ms = static_cast<std::int64_t>(from.number<std::uint64_t>());
    auto won = take_side(from);
    auto lost = won ? take_side(from) : won;
    if (!lost || !from.finished()) return bad();
    conflict.won = std::move(*won);
    conflict.lost = std::move(*lost);
    return conflict;
}

}  // namespace cloudshelf::tables
