#include "region/tables/housekeeping.hpp"

#include "io/log.hpp"
#include "region/tables/table_streams.hpp"
#include "region/tables/tombstone.hpp"

#include <chrono>

namespace cloudshelf::tables {
namespace {

constexpr Duration look_every = std::chrono::minutes(1);

}  // namespace

io::Task<Result<void>> keep_house_once(Service& service) {
    const auto tables = service.catalogue().all();
    for (const auto& table : tables) {
        auto kept = co_await trim_streams(service, table);
        if (kept) kept = co_await trim_tombstones(service, table);
        if (!kept) co_return kept;
    }
    co_return Result<void>();
}

io::Task<void> keep_house(Service& service) {
    std::string told;
    while (!service.stopping()) {
        co_await service.pause(look_every);
        if (service.stopping()) co_return;
        const auto kept = co_await keep_house_once(service);
        if (!kept && told != kept.error().code)
            io::log(io::Level::warning, "tables.housekeeping", {{"why", kept.error().message}});
        told = kept ? std::string() : kept.error().code;
    }
}

}  // namespace cloudshelf::tables
