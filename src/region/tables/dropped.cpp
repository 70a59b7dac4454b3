#include "region/tables/dropped.hpp"

#include "io/log.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <vector>

namespace cloudshelf::tables {
namespace {

// In the catalogue's family: "dropped/" and the number, in digits.
constexpr std::string_view dropped_prefix = "dropped/";

std::string dropped_key(StorageNumber number) {
    return fmt::format("{}{}", dropped_prefix, number.value());
}

Result<std::vector<StorageNumber>> all_dropped(const changelog::View& view, const Storage& storage) {
    std::vector<StorageNumber> numbers;
    const auto take = [&numbers](std::string_view key, std::string_view) {
        key.remove_prefix(dropped_prefix.size());
        std::uint32_t number = 0;
        std::from_chars(key.data(), key.data() + key.size(), number);
        numbers.emplace_back(number);
        return true;
    };
    const auto read = view.scan(storage.catalogue, changelog::KeyRange::prefix(dropped_prefix), take);
    if (!read) return fail(read.error());
    return numbers;
}

Result<void> erase_all(changelog::ChangeLog& log, const Storage& storage, StorageNumber number) {
    const auto range = changelog::KeyRange::prefix(storage_prefix(number));
    for (const auto family :
         {storage.data,
          storage.index,
          storage.tombstones,
          storage.expiry,
          storage.streams,
          storage.counts,
          storage.conflicts}) {
        if (auto erased = log.erase_range(family, range); !erased) return erased;
    }
    return {};
}

io::Task<Result<void>> erase_round(Service& service) {
    const auto numbers = all_dropped(service.log().view(), service.storage());
    if (!numbers) co_return fail(numbers.error());
    for (const auto number : *numbers) {
        auto* log = &service.log();
        auto erase = [log, storage = service.storage(), number] { return erase_all(*log, storage, number); };
        const auto erased = co_await service.reading().run(std::move(erase));
        if (!erased) co_return erased;
        changelog::ChangeLog::Decision forget = [&, number](changelog::Batch& batch) -> Result<void> {
            batch.erase(service.storage().catalogue, dropped_key(number));
            return {};
        };
        const auto forgotten = co_await service.log().write(std::move(forget));
        if (!forgotten) co_return fail(forgotten.error());
    }
    co_return Result<void>();
}

}  // namespace

void drop(changelog::Batch& batch, const Storage& storage, StorageNumber number) {
    batch.put(storage.catalogue, dropped_key(number), "");
}

void drop(changelog::Batch& batch, const Storage& storage, const Table& table) {
    drop(batch, storage, table.number);
    for (const auto& index : table.indexes) drop(batch, storage, index.number);
    for (const auto& stream : table.streams) drop(batch, storage, stream.number);
}

io::Task<void> erase_dropped(Service& service) {
    const auto done = co_await erase_round(service);
    // A full disk, most likely. The record stays, and the next drop or start tries again.
    if (!done) io::log(io::Level::warning, "tables.not-erased", {{"why", done.error().message}});
}

}  // namespace cloudshelf::tables
