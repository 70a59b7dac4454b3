#include "region/log/entry.hpp"

#include "base/assert.hpp"
#include "base/crc32c.hpp"
#include "region/log/bytes.hpp"

#include <fmt/format.h>

namespace cloudshelf::changelog {

std::string encode(const Entry& entry) {
    CLOUDSHELF_ASSERT(entry.change.kind.size() <= 0xff && entry.change.container.size() <= 0xffff);
    CLOUDSHELF_ASSERT(entry.change.payload.size() <= 64 << 20 && entry.origin.value().size() <= 0xff);
    ByteWriter to;
    to.reserve(96 + entry.change.container.size() + entry.change.payload.size());
    to.number(entry.position.value())
        .raw(entry.stamp.encode())
        .number(static_cast<std::uint64_t>(entry.logged_at_ms))
        .number(entry.bytes_before)
        .number(entry.checksum_before)
        .text<std::uint8_t>(entry.origin.value())
        .text<std::uint8_t>(entry.change.kind)
        .text<std::uint16_t>(entry.change.container)
        .text<std::uint32_t>(entry.change.payload);
    to.number(crc32c(to.bytes()));
    return to.take();
}

std::uint32_t checksum_in(std::string_view encoded) {
    return ByteReader(encoded.substr(encoded.size() - sizeof(std::uint32_t))).number<std::uint32_t>();
}

Result<Entry> decode_entry(std::string_view bytes) {
    ByteReader from(bytes);
    Entry entry;
    entry.position = Position(from.number<std::uint64_t>());
    const auto stamp = core::HybridStamp::decode(from.raw(core::HybridStamp::encoded_bytes));
    entry.logged_at_ms = static_cast<std::int64_t>(from.number<std::uint64_t>());
    entry.bytes_before = from.number<std::uint64_t>();
    entry.checksum_before = from.number<std::uint32_t>();
    entry.origin = RegionName(std::string(from.text<std::uint8_t>()));
    entry.change.kind = from.text<std::uint8_t>();
    entry.change.container = from.text<std::uint16_t>();
    entry.change.payload = from.text<std::uint32_t>();
    entry.checksum = from.number<std::uint32_t>();
    if (!stamp || !from.finished() || crc32c(bytes.substr(0, bytes.size() - sizeof(std::uint32_t))) != entry.checksum) {
        return fail(
            "log.corrupt", fmt::format("{} bytes that say entry {} are none", bytes.size(), entry.position.value())
        );
    }
    entry.stamp = *stamp;
    return entry;
}

}  // namespace cloudshelf::changelog
