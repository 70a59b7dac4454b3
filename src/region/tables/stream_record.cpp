#include "region/tables/stream_record.hpp"

#include "base/digest.hpp"
#include "region/tables/item_store.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/limits.hpp"
#include "wire/dynamodb/stored_item.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace cloudshelf::tables {
namespace {

constexpr std::size_t digits_min = 21;
constexpr std::size_t digits_max = 40;

struct Images {
    std::optional<dynamodb::Item> now;
    std::optional<dynamodb::Item> was;

    std::string_view event() const { return now ? (was ? "MODIFY" : "INSERT") : "REMOVE"; }
};

Result<std::optional<dynamodb::Item>> decode(const std::optional<std::string>& encoded) {
    if (!encoded) return std::nullopt;
    auto item = dynamodb::decode_item(*encoded);
    if (!item) return fail(item.error());
    return std::optional(std::move(*item));
}

Result<Images> images_of(const ItemChange& change) {
    auto now = decode(change.now);
    if (!now) return fail(now.error());
    auto was = decode(change.was);
    if (!was) return fail(was.error());
    return Images{.now = std::move(*now), .was = std::move(*was)};
}

}  // namespace

std::string sequence_number(changelog::Position position) {
    return fmt::format("{:021}", position.value());
}

std::optional<changelog::Position> position_of(std::string_view text) {
    if (text.size() < digits_min || text.size() > digits_max) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (bad != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return changelog::Position(value);
}

std::string shard_id(const Stream& stream) {
    return fmt::format("shardId-{:020}-{:08x}", stream.enabled_ms, stream.number.value());
}

Result<void> append_record(
    std::string& to, const changelog::Entry& entry, const Table& table, const Stream& stream, const RegionName& region
) {
    const auto change = ItemChange::decode(entry.change.payload);
    if (!change) return fail(change.error());
    const auto keys = key_attributes(table, storage_prefix(table.number) + change->key);
    if (!keys) return fail(keys.error());
    const auto images = images_of(*change);
    if (!images) return fail(images.error());
    const bool both = stream.view == StreamView::new_and_old_images;
    const bool shows_now = images->now && (both || stream.view == StreamView::new_image);
    const bool shows_was = images->was && (both || stream.view == StreamView::old_image);
    const auto number = sequence_number(entry.position);
    auto out = std::back_inserter(to);

    const auto event_id = sha256_hex(stream_arn(region, table.name, stream.label) + number).substr(0, 32);
    fmt::format_to(
        out,
        R"({{"eventID":"{}","eventName":"{}","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":)",
        event_id,
        images->event()
    );
    dynamodb::append_json_string(to, region.value());
    fmt::format_to(out, R"(,"dynamodb":{{"ApproximateCreationDateTime":{},"Keys":)", entry.logged_at_ms / 1000);
    dynamodb::append_json(to, *keys);
    std::size_t bytes = dynamodb::size_of(*keys);
    const auto show = [&](std::string_view name, const dynamodb::Item& item) {
        fmt::format_to(out, R"(,"{}":)", name);
        dynamodb::append_json(to, item);
        bytes += dynamodb::size_of(item);
    };
    if (shows_now) show("NewImage", *images->now);
    if (shows_was) show("OldImage", *images->was);
    fmt::format_to(
        out, R"(,"SequenceNumber":"{}","SizeBytes":{},"StreamViewType":"{}"}})", number, bytes, to_string(stream.view)
    );
    if (change->cause == Cause::expired && entry.origin == region) {
        to += R"(,"userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"})";
    }
    to += '}';
    return {};
}

}  // namespace cloudshelf::tables
