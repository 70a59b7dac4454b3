#include "store/store.hpp"

namespace cloudshelf::store {

io::Task<Result<Changes>> StateStore::changes(std::string prefix, std::uint64_t) {
    auto all = co_await list(std::move(prefix));
    if (!all) co_return fail(all.error());
    co_return Changes{.entries = std::move(*all)};
}

io::Task<Result<std::optional<Entry>>> StateStore::watch(std::string key, std::uint64_t after, io::Deadline deadline) {
    for (;;) {
        auto found = co_await get(key);
        if (found && *found && (*found)->revision > after) co_return found;
        if (deadline.passed()) {
            if (found) found->reset();
            co_return found;
        }
        co_await io::wait_for(std::min<Duration>(watch_interval, deadline.remaining()));
    }
}

}  // namespace cloudshelf::store
