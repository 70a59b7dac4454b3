// Goal: what a deleted table held is erased, also when the service ended before it got to it, and a table of the same
// name begins empty.
#include "region/tables/dropped.hpp"

#include "region/tables/service_test.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::tables {
namespace {

/// How many keys of a table lie in "data" and "index".
int keys_of(Service& service, StorageNumber number) {
    int keys = 0;
    const auto count = [&keys](std::string_view, std::string_view) { return ++keys, true; };
    for (const auto family : {service.storage().data, service.storage().index}) {
        EXPECT_TRUE(service.log().view().scan(family, changelog::KeyRange::prefix(storage_prefix(number)), count));
    }
    return keys;
}

ASYNC_TEST(Dropped, IsErasedAfterARestartToo) {
    Region region(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await region.start());
    const StorageNumber gone(4711);
    const StorageNumber neighbour(4712);
    changelog::ChangeLog::Decision fill = [&](changelog::Batch& batch) -> Result<void> {
        for (int i = 0; i < 100; ++i) {
            const auto key = std::to_string(i);
            batch.put(region.service->storage().data, storage_prefix(gone) + key, "x");
            batch.put(region.service->storage().index, storage_prefix(gone) + key, "x");
            batch.put(region.service->storage().data, storage_prefix(neighbour) + key, "x");
        }
        drop(batch, region.service->storage(), gone);
        return {};
    };
    const auto filled = co_await region.service->log().write(std::move(fill));
    REQUIRE(filled);
    EXPECT_EQ(keys_of(*region.service, gone), 200);
    // Nobody erased it before the service ended.
    co_await region.stop();
    REQUIRE(co_await region.start());
    co_await erase_dropped(*region.service);
    EXPECT_EQ(keys_of(*region.service, gone), 0);
    EXPECT_EQ(keys_of(*region.service, neighbour), 100);
    co_await region.stop();
}

}  // namespace
}  // namespace cloudshelf::tables
