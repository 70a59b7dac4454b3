#include "region/tables/expiry_filler.hpp"

#include "io/log.hpp"
#include "region/tables/expiry.hpp"
#include "region/tables/item_store.hpp"

#include <string>
#include <vector>

namespace cloudshelf::tables {
namespace {

// In the catalogue's family: "expiry-wanted/" and the table's name.
constexpr std::string_view wanted_prefix = "expiry-wanted/";
constexpr std::size_t items_per_decision = 500;
constexpr std::size_t items_per_look = 5000;

std::string wanted_key(std::string_view table) {
    return std::string(wanted_prefix).append(table);
}

Result<std::vector<std::string>> all_wanted(const changelog::View& view, const Storage& storage) {
    std::vector<std::string> names;
    const auto take = [&names](std::string_view key, std::string_view) {
        names.emplace_back(key.substr(wanted_prefix.size()));
        return true;
    };
    const auto read = view.scan(storage.catalogue, changelog::KeyRange::prefix(wanted_prefix), take);
    if (!read) return fail(read.error());
    return names;
}

/// Items that have a time to live, among the next ones.
struct Look {
    std::vector<std::string> keys;
    std::string next;  // where to go on; empty: that was all
};

Result<Look> look(const changelog::View& view, const Storage& storage, const Table& table, std::string from) {
    Look seen;
    std::size_t looked_at = 0;
    auto range = changelog::KeyRange::prefix(storage_prefix(table.number));
    if (!from.empty()) range.from = std::move(from);
    const auto take = [&](std::string_view key, std::string_view value) {
        if (looked_at++ == items_per_look || seen.keys.size() == items_per_decision) {
            seen.next = key;
            return false;
        }
        if (!VersionHead::take(value)) return true;
        const auto expiry = expiry_of(table, value);
        if (expiry && *expiry) seen.keys.emplace_back(key);
        return true;
    };
    const auto read = view.scan(storage.data, range, take);
    if (!read) return fail(read.error());
    return seen;
}

/// Within a decision: what is at those keys now gets its entry.
Result<void> note(
    changelog::Batch& batch, const Storage& storage, const Table& table, const std::vector<std::string>& keys
) {
    for (const auto& key : keys) {
        const auto found = find_item(batch, storage, key);
        if (!found) return fail(found.error());
        if (!*found) continue;
        const auto expiry = expiry_of(table, (*found)->encoded);
        if (!expiry) return fail(expiry.error());
        if (*expiry) batch.put(storage.expiry, encode_expiry(table.number, {**expiry, key}), "");
    }
    return {};
}

io::Task<Result<void>> fill_table(Service& service, std::string name) {
    std::string from;
    do {
        if (service.stopping()) co_return Result<void>();  // the next start goes on
        const auto table = service.catalogue().find(name);
        if (!table || !table->ttl_attribute) break;
        auto work = [view = service.log().view(), storage = service.storage(), table, from] {
            return look(view, storage, *table, from);
        };
        const auto seen = co_await service.reading().run(std::move(work));
        if (!seen) co_return fail(seen.error());
        changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
            const auto decided = service.catalogue().decided_id(table->id);
            if (!decided) return {};
            return note(batch, service.storage(), *decided, seen->keys);
        };
        if (!seen->keys.empty()) {
            const auto noted = co_await service.log().write(std::move(decision));
            if (!noted) co_return fail(noted.error());
        }
        from = seen->next;
    } while (!from.empty());
    changelog::ChangeLog::Decision done = [&](changelog::Batch& batch) -> Result<void> {
        batch.erase(service.storage().catalogue, wanted_key(name));
        return {};
    };
    const auto written = co_await service.log().write(std::move(done));
    if (!written) co_return fail(written.error());
    co_return Result<void>();
}

}  // namespace

void want_expiry(changelog::Batch& batch, const Storage& storage, const Table& table) {
    batch.put(storage.catalogue, wanted_key(table.name), "");
}

io::Task<void> fill_expiry(Service& service) {
    const auto names = all_wanted(service.log().view(), service.storage());
    if (!names) {
        io::log(io::Level::warning, "tables.expiry-not-filled", {{"why", names.error().message}});
        co_return;
    }
    for (const auto& name : *names) {
        const auto filled = co_await fill_table(service, name);
        if (filled) continue;
        io::log(io::Level::warning, "tables.expiry-not-filled", {{"table", name}, {"why", filled.error().message}});
    }
}

}  // namespace cloudshelf::tables
