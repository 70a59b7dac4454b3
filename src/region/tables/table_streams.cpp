#include "region/tables/table_streams.hpp"

#include "region/tables/dropped.hpp"
#include "region/tables/item_store.hpp"
#include "wire/dynamodb/errors.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace cloudshelf::tables {
namespace {

constexpr std::int64_t disabled_kept_ms = std::chrono::milliseconds(std::chrono::hours(24)).count();

/// "2026-11-23T18:00:00.000". A millisecond later than the last stream's, at least: labels tell streams apart.
std::string label_of(std::int64_t wall_ms) {
    const std::chrono::sys_seconds seconds{std::chrono::seconds(wall_ms / 1000)};
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}", seconds, wall_ms % 1000);
}

Result<void> trim_records(changelog::ChangeLog& log, const Storage& storage, StorageNumber stream) {
    const changelog::Position beyond(log.low_water().value() + 1);
    const changelog::KeyRange range{
        .from = stream_key(stream, changelog::Position(0)), .until = stream_key(stream, beyond)
    };
    bool any = false;
    const auto note = [&any](std::string_view, std::string_view) {
        any = true;
        return false;
    };
    if (auto read = log.view().scan(storage.streams, range, note); !read) return read;
    return any ? log.erase_range(storage.streams, range) : Result<void>();
}

}  // namespace

Result<void> enable_stream(Table& table, StreamView view, Catalogue& catalogue, changelog::Batch& batch) {
    if (table.stream() != nullptr) {
        return fail(dynamodb::errors::validation("Table already has an enabled stream: TableName: " + table.name));
    }
    const auto number = catalogue.next_number(batch);
    if (!number) return fail(number.error());
    auto wall_ms = batch.wall_ms();
    while (!table.streams.empty() && label_of(wall_ms) <= table.streams.back().label) ++wall_ms;
    table.streams.push_back({.number = *number, .label = label_of(wall_ms), .view = view, .enabled_ms = wall_ms});
    return {};
}

Result<void> disable_stream(Table& table, const changelog::Batch& batch) {
    if (table.stream() == nullptr) {
        return fail(dynamodb::errors::validation("Table has no stream to disable: TableName: " + table.name));
    }
    table.streams.back().disabled_ms = batch.wall_ms();
    return {};
}

io::Task<Result<void>> trim_streams(Service& service, TablePtr table) {
    for (const auto& stream : table->streams) {
        auto work = [log = &service.log(), storage = service.storage(), number = stream.number] {
            return trim_records(*log, storage, number);
        };
        auto trimmed = co_await service.reading().run(std::move(work));
        if (!trimmed) co_return trimmed;
    }
    const auto outlived = [until = service.wall_ms() - disabled_kept_ms](const Stream& stream) {
        return stream.disabled_ms != 0 && stream.disabled_ms <= until;
    };
    if (std::ranges::none_of(table->streams, outlived)) co_return Result<void>();
    Catalogue::Change change = [&](const Table* current, changelog::Batch& batch) -> Result<std::optional<Table>> {
        if (!current) return std::optional<Table>();
        Table next = *current;
        for (const auto& stream : next.streams) {
            if (outlived(stream)) drop(batch, service.storage(), stream.number);
        }
        std::erase_if(next.streams, outlived);
        return std::optional(std::move(next));
    };
    const auto changed = co_await service.catalogue().change(table->name, std::move(change));
    if (!changed) co_return fail(changed.error());
    service.run_behind(erase_dropped(service));
    co_return Result<void>();
}

}  // namespace cloudshelf::tables
