#include "region/log/page.hpp"

#include "base/crc32c.hpp"
#include "region/log/bytes.hpp"

#include <fmt/format.h>

namespace cloudshelf::changelog {

namespace {

constexpr std::string_view magic = "CSLP1";

std::unexpected<Error> corrupt(std::string what) {
    return fail({.code = "log.corrupt", .message = "a page of changes: " + std::move(what), .retryable = true});
}

}  // namespace

std::string encode(const Page& page) {
    ByteWriter to;
    to.raw(magic)
        .number(page.after.value())
        .number(page.reached.value())
        .number(page.reached_checksum)
        .number(page.last.value())
        .number(static_cast<std::uint64_t>(page.sent_at_ms))
        .number(static_cast<std::uint32_t>(page.entries.size()));
    for (const Entry& entry : page.entries) to.text<std::uint32_t>(encode(entry));
    to.number(crc32c(to.bytes()));
    return to.take();
}

Result<Page> decode_page(std::string_view bytes) {
    if (bytes.size() < magic.size() + sizeof(std::uint32_t)) return corrupt("cut off");
    const std::string_view content = bytes.substr(0, bytes.size() - sizeof(std::uint32_t));
    if (crc32c(content) != checksum_in(bytes)) return corrupt("altered on its way");
    ByteReader from(content);
    if (from.raw(magic.size()) != magic) return corrupt("of another format");
    Page page;
    page.after = Position(from.number<std::uint64_t>());
    page.reached = Position(from.number<std::uint64_t>());
    page.reached_checksum = from.number<std::uint32_t>();
    page.last = Position(from.number<std::uint64_t>());
    page.sent_at_ms = static_cast<std::int64_t>(from.number<std::uint64_t>());
    const auto count = from.number<std::uint32_t>();
    if (page.after > page.reached || page.reached > page.last) return corrupt("its bounds are not in order");
    Position before = page.after;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::string_view encoded = from.text<std::uint32_t>();
        if (!from.good()) return corrupt("fewer entries than it says");
        auto entry = decode_entry(encoded);
        if (!entry) return corrupt(entry.error().message);
        if (entry->position <= before || entry->position > page.reached) {
            return corrupt(fmt::format("entry {} after {}", entry->position.value(), before.value()));
        }
        before = entry->position;
        page.entries.push_back(std::move(*entry));
    }
    if (!from.finished()) return corrupt("more than its entries");
    return page;
}

}  // namespace cloudshelf::changelog
