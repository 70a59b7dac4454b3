#include "region/objects/version.hpp"

#include "base/hex.hpp"
#include "region/log/bytes.hpp"

#include <utility>

namespace cloudshelf::objects {
namespace {

using changelog::ByteReader;
using changelog::ByteWriter;
using Flag = std::uint8_t;
using Length = std::uint32_t;

constexpr std::uint8_t format = 1;
constexpr std::string_view digits = "0123456789abcdef";

void put(ByteWriter& to, const core::HybridStamp& stamp) {
    to.raw(stamp.encode());
}

void put(ByteWriter& to, const Pairs& pairs) {
    to.number(static_cast<Length>(pairs.size()));
    for (const auto& [name, value] : pairs) to.text<Length>(name).text<Length>(value);
}

core::HybridStamp take_stamp(ByteReader& from, bool& good) {
    const auto stamp = core::HybridStamp::decode(from.raw(core::HybridStamp::encoded_bytes));
    good = good && stamp;
    return stamp.value_or(core::HybridStamp{});
}

std::string take_text(ByteReader& from) {
    return std::string(from.text<Length>());
}

/// As many as the number before them says, or as there are.
template <class Item, class Read>
std::vector<Item> take_list(ByteReader& from, Read read) {
    std::vector<Item> items;
    for (auto left = from.number<Length>(); left > 0 && from.good(); --left) items.push_back(read());
    return items;
}

Pairs take_pairs(ByteReader& from) {
    return take_list<Pairs::value_type>(from, [&from] {
        std::string name = take_text(from);
        return Pairs::value_type(std::move(name), take_text(from));
    });
}

}  // namespace

std::string version_id(const core::HybridStamp& stamp) {
    return hex(stamp.encode());
}

std::optional<core::HybridStamp> stamp_of(std::string_view id) {
    if (id.size() != 2 * core::HybridStamp::encoded_bytes) return std::nullopt;
    std::string bytes;
    for (std::size_t i = 0; i < id.size(); i += 2) {
        const auto high = digits.find(id[i]), low = digits.find(id[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        bytes += static_cast<char>(high << 4 | low);
    }
    const auto stamp = core::HybridStamp::decode(bytes);
    if (!stamp) return std::nullopt;
    return *stamp;
}

std::string encode_version(const Version& version) {
    ByteWriter out;
    out.reserve(512);
    out.number(format).text<Length>(version.key).text<Length>(version.id);
    put(out, version.stamp);
    put(out, version.changed);
    out.number(static_cast<Flag>(version.delete_marker)).number(static_cast<std::uint64_t>(version.modified_ms));
    out.text<Length>(version.etag).number(version.size).number(static_cast<Length>(version.pieces.size()));
    for (const auto& piece : version.pieces)
        out.text<Length>(piece.content.sha256).text<Length>(piece.content.key).number(piece.length);
    out.number(static_cast<Length>(version.parts.size()));
    for (const auto& part : version.parts) out.number(part.number).number(part.size).text<Length>(part.checksum);
    out.text<Length>(version.upload_id);
    put(out, version.headers);
    out.text<Length>(version.storage_class);
    put(out, version.tags);
    out.text<Length>(version.checksum.algorithm).text<Length>(version.checksum.type);
    out.text<Length>(version.checksum.value).text<Length>(version.encryption).text<Length>(version.key_id);
    out.text<Length>(version.owner).text<Length>(version.acl);
    out.number(static_cast<std::uint8_t>(version.lock.mode)).number(static_cast<std::uint64_t>(version.lock.until_ms));
    out.number(static_cast<Flag>(version.lock.legal_hold)).number(static_cast<Flag>(version.replica));
    out.number(static_cast<Length>(version.destinations.size()));
    for (const auto& to : version.destinations)
        out.text<Length>(to.bucket).text<Length>(to.storage_class).text<Length>(to.key_id);
    out.number(version.logged.value());
    return out.take();
}

Result<Version> decode_version(std::string_view bytes) {
    ByteReader from(bytes);
    Version version;
    bool good = from.number<std::uint8_t>() == format;
    version.key = take_text(from);
    version.id = take_text(from);
    version.stamp = take_stamp(from, good);
    version.changed = take_stamp(from, good);
    version.delete_marker = from.number<Flag>() != 0;
    version.modified_ms = static_cast<std::int64_t>(from.number<std::uint64_t>());
    version.etag = take_text(from);
    version.size = from.number<std::uint64_t>();
    version.pieces = take_list<Piece>(from, [&from] {
        Piece piece;
        piece.content.sha256 = take_text(from);
        piece.content.key = take_text(from);
        piece.length = from.number<std::uint64_t>();
        return piece;
    });
    version.parts = take_list<Part>(from, [&from] {
        Part part;
        part.number = from.number<std::uint16_t>();
        part.size = from.number<std::uint64_t>();
        part.checksum = take_text(from);
        return part;
    });
    version.upload_id = take_text(from);
    version.headers = take_pairs(from);
    version.storage_class = take_text(from);
    version.tags = take_pairs(from);
    version.checksum.algorithm = take_text(from);
    version.checksum.type = take_text(from);
    version.checksum.value = take_text(from);
    version.encryption = take_text(from);
    version.key_id = take_text(from);
    version.owner = take_text(from);
    version.acl = take_text(from);
    const auto mode = from.number<std::uint8_t>();
    good = good && mode <= static_cast<std::uint8_t>(core::LockMode::compliance);
    version.lock.mode = static_cast<core::LockMode>(mode);
    version.lock.until_ms = static_cast<std::int64_t>(from.number<std::uint64_t>());
    version.lock.legal_hold = from.number<Flag>() != 0;
    version.replica = from.number<Flag>() != 0;
    version.destinations = take_list<Destination>(from, [&from] {
        Destination to;
        to.bucket = take_text(from);
        to.storage_class = take_text(from);
        to.key_id = take_text(from);
        return to;
    });
    version.logged = changelog::Position(from.number<std::uint64_t>());
    if (!good || !from.finished()) return fail("objects.bad-record", "a version's record cannot be read");
    return version;
}

}  // namespace cloudshelf::objects
