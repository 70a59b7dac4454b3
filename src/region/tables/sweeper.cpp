#include "region/tables/sweeper.hpp"

#include "io/log.hpp"
#include "region/tables/expiry.hpp"
#include "region/tables/item_store.hpp"

#include <vector>

namespace cloudshelf::tables {
namespace {

// So many go in one decision: requests wait for no more than these.
constexpr std::size_t items_per_decision = 100;

Result<std::vector<Expiry>> find_expired(
    const changelog::View& view, const Storage& storage, StorageNumber table, std::int64_t now_seconds
) {
    std::vector<Expiry> expired;
    const auto oldest = std::max<std::int64_t>(0, now_seconds - expired_seconds_max);
    const changelog::KeyRange range{
        .from = encode_expiry(table, {.seconds = static_cast<std::uint64_t>(oldest), .item_key = {}}),
        .until = encode_expiry(table, {.seconds = static_cast<std::uint64_t>(now_seconds), .item_key = {}}),
    };
    std::optional<Error> bad;
    const auto take = [&](std::string_view key, std::string_view) {
        auto expiry = decode_expiry(key);
        if (expiry) {
            expired.push_back(std::move(*expiry));
        } else {
            bad = expiry.error();
        }
        return !bad && expired.size() < items_per_decision;
    };
    const auto read = view.scan(storage.expiry, range, take);
    if (!read) return fail(read.error());
    if (bad) return fail(*bad);
    return expired;
}

/// Within a decision. The item may have been written since it was found: only one that still expires then goes; an
/// entry that speaks of none goes too. Answers whether an item was deleted.
Result<bool> expire(changelog::Batch& batch, const Storage& storage, const Table& table, const Expiry& expiry) {
    const auto found = find_item(batch, storage, expiry.item_key);
    if (!found) return fail(found.error());
    std::optional<std::uint64_t> expires;
    if (*found) {
        const auto read = expiry_of(table, (*found)->encoded);
        if (!read) return fail(read.error());
        expires = *read;
    }
    if (expires != expiry.seconds) {
        batch.erase(storage.expiry, encode_expiry(table.number, expiry));
        return false;
    }
    const auto written = write_item(batch, storage, table, expiry.item_key, *found, nullptr, Cause::expired);
    if (!written) return fail(written.error());
    return true;
}

io::Task<Result<std::size_t>> sweep_table(Service& service, TablePtr table) {
    std::size_t deleted = 0;
    while (!service.stopping()) {
        auto work = [view = service.log().view(), storage = service.storage(), table, now = service.wall_ms() / 1000] {
            return find_expired(view, storage, table->number, now);
        };
        const auto expired = co_await service.reading().run(std::move(work));
        if (!expired) co_return fail(expired.error());
        if (expired->empty()) break;
        std::size_t in_batch = 0;
        changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
            const auto decided = service.catalogue().decided_id(table->id);
            if (!decided || !decided->ttl_attribute) return fail("tables.no-ttl", "time to live was switched off");
            for (const auto& expiry : *expired) {
                const auto gone = expire(batch, service.storage(), *decided, expiry);
                if (!gone) return fail(gone.error());
                in_batch += *gone ? 1 : 0;
            }
            return {};
        };
        const auto written = co_await service.log().write(std::move(decision));
        if (!written && written.error().code == "tables.no-ttl") break;
        if (!written) co_return fail(written.error());
        deleted += in_batch;
    }
    co_return deleted;
}

}  // namespace

io::Task<void> sweep_expired(Service& service) {
    while (!service.stopping()) {
        co_await service.pause(service.options().ttl_scan);
        if (service.stopping()) co_return;
        const auto swept = co_await sweep_once(service);
        if (!swept) io::log(io::Level::warning, "tables.sweep-failed", {{"why", swept.error().message}});
    }
}

io::Task<Result<std::size_t>> sweep_once(Service& service) {
    std::size_t deleted = 0;
    const auto tables = service.catalogue().all();
    for (const auto& table : tables) {
        if (!table->ttl_attribute) continue;
        const auto swept = co_await sweep_table(service, table);
        if (!swept) co_return fail(swept.error());
        deleted += *swept;
    }
    co_return deleted;
}

}  // namespace cloudshelf::tables
