#include "region/tables/backfill.hpp"

#include "io/log.hpp"
#include "region/tables/item_store.hpp"

#include <algorithm>
#include <vector>

namespace cloudshelf::tables {
namespace {

constexpr std::size_t items_per_decision = 200;

/// Within a decision. What a write has put into the index meanwhile is there already.
Result<void> add_entries(
    changelog::Batch& batch,
    const Storage& storage,
    const Table& table,
    const Index& index,
    const std::vector<std::string>& keys
) {
    for (const auto& key : keys) {
        const auto stored = find_item(batch, storage, key);
        if (!stored) return fail(stored.error());
        if (!*stored) continue;
        const auto item = (*stored)->item();
        if (!item) return fail(item.error());
        const auto entry = index_entry_key(table, index, *item);
        if (!entry) continue;
        const auto there = batch.get(storage.index, *entry);
        if (!there) return fail(there.error());
        if (*there) continue;
        const auto added = replace_in_index(batch, storage, table, index, nullptr, &*item);
        if (!added) return fail(added.error());
    }
    return {};
}

io::Task<Result<void>> fill(Service& service, std::string table_id, std::string index_name) {
    std::string from;  // the last one that was seen to
    for (;;) {
        if (service.stopping()) co_return Result<void>{};
        const auto table = service.catalogue().find_id(table_id);
        if (!table || !table->index(index_name)) co_return Result<void>{};
        auto work = [view = service.log().view(), storage = service.storage(), number = table->number, from] {
            return next_keys(view, storage.data, number, from, items_per_decision);
        };
        const auto keys = co_await service.reading().run(std::move(work));
        if (!keys) co_return fail(keys.error());
        if (keys->empty()) break;
        changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
            const auto decided = service.catalogue().decided_id(table_id);
            const Index* index = decided ? decided->index(index_name) : nullptr;
            return index ? add_entries(batch, service.storage(), *decided, *index, *keys) : Result<void>{};
        };
        const auto written = co_await service.log().write(std::move(decision));
        if (!written) co_return fail(written.error());
        from = keys->back();
    }
    const auto table = service.catalogue().find_id(table_id);
    if (!table) co_return Result<void>{};
    Catalogue::Change change = [&](const Table* current, changelog::Batch&) -> Result<std::optional<Table>> {
        if (!current) return std::optional<Table>();
        Table next = *current;
        const auto index = std::ranges::find(next.indexes, index_name, &Index::name);
        if (index != next.indexes.end()) index->backfilling = false;
        return std::optional(std::move(next));
    };
    const auto changed = co_await service.catalogue().change(table->name, std::move(change));
    if (!changed) co_return fail(changed.error());
    co_return Result<void>{};
}

}  // namespace

io::Task<void> backfill_index(Service& service, std::string table_id, std::string index_name) {
    const auto filled = co_await fill(service, table_id, index_name);
    if (filled) co_return;
    io::log(
        io::Level::warning,
        "tables.index-not-filled",
        {{"table", table_id}, {"index", index_name}, {"why", filled.error().message}}
    );
}

}  // namespace cloudshelf::tables
