#include "region/tables/table_streams.hpp"

#include "wire/dynamodb/errors.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::tables {
namespace {

/// "2026-11-23T18:00:00.000". A millisecond later than the last stream's, at least: labels tell streams apart.
std::string label_of(std::int64_t wall_ms) {
    const std::chrono::sys_seconds seconds{std::chrono::seconds(wall_ms / 1000)};
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}", seconds, wall_ms % 1000);
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

}  // namespace cloudshelf::tables
