#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <optional>

/// A test that is a coroutine: ASYNC_TEST(Suite, Name) { co_await …; }. EXPECT_* works; ASSERT_* returns and so does
/// not compile here: REQUIRE does its work.
#define ASYNC_TEST(suite, name)                                  \
    static boost::asio::awaitable<void> suite##_##name##_body(); \
    TEST(suite, name) {                                          \
        cloudshelf::testing::run(suite##_##name##_body());       \
    }                                                            \
    static boost::asio::awaitable<void> suite##_##name##_body()

#define REQUIRE(condition)                                                         \
    if (const bool require_holds = static_cast<bool>(condition); !require_holds) { \
        ADD_FAILURE() << "required: " #condition;                                  \
        co_return;                                                                 \
    }

namespace cloudshelf::testing {

inline void run(boost::asio::awaitable<void> body, std::chrono::seconds limit = std::chrono::seconds(30)) {
    boost::asio::io_context loop;
    bool done = false;
    boost::asio::co_spawn(loop, std::move(body), [&](std::exception_ptr thrown) {
        done = true;
        loop.stop();
        if (thrown) std::rethrow_exception(thrown);
    });
    loop.run_for(limit);
    EXPECT_TRUE(done) << "still waiting after " << limit.count() << " s";
}

/// What a coroutine answers, for tests that are none.
template <class T>
T value_of(boost::asio::awaitable<T> body) {
    std::optional<T> value;
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, std::move(body), [&](std::exception_ptr thrown, T answer) {
        if (thrown) std::rethrow_exception(thrown);
        value = std::move(answer);
    });
    loop.run();
    return std::move(value.value());
}

}  // namespace cloudshelf::testing
