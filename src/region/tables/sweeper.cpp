#include "region/tables/sweeper.hpp"

#include "io/log.hpp"

namespace cloudshelf::tables {

io::Task<void> sweep_expired(Service& service) {
    while (!service.stopping()) {
        co_await service.pause(service.options().ttl_scan);
        if (service.stopping()) co_return;
        const auto swept = co_await sweep_once(service);
        if (!swept) io::log(io::Level::warning, "tables.sweep-failed", {{"why", swept.error().message}});
    }
}

io::Task<Result<std::size_t>> sweep_once(Service&) {
    co_return std::size_t{0};
}

}  // namespace cloudshelf::tables
