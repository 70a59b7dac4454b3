#pragma once

#include "io/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace cloudshelf::io {

/// A named pool for libraries that block (libpq, SQLite, password hashing). The loop's thread never blocks.
class BlockingPool {
public:
    explicit BlockingPool(std::size_t threads) : pool_(threads) {}
    ~BlockingPool() { pool_.join(); }

    /// Runs `work` on a thread of the pool and resumes on the caller's executor with what it returned.
    template <class Work>
    Task<std::invoke_result_t<Work>> run(Work work) {
        auto body = [](Work owned) -> Task<std::invoke_result_t<Work>> { co_return owned(); };
        auto task = body(std::move(work));
        co_return co_await boost::asio::co_spawn(pool_, std::move(task), boost::asio::use_awaitable);
    }

private:
    boost::asio::thread_pool pool_;
};

}  // namespace cloudshelf::io
