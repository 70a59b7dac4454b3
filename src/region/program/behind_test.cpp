// Goal: a service is not destroyed under what still runs of it.
#include "region/program/behind.hpp"

#include "io/background.hpp"
#include "support/async.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <chrono>

namespace cloudshelf::program {
namespace {

using namespace std::chrono_literals;

/// A task that goes on until it is let go, whatever `stopping` says.
struct Gate {
    explicit Gate(const io::Executor& executor) : timer(executor, boost::asio::steady_timer::time_point::max()) {}
    void open() { timer.cancel(); }
    boost::asio::steady_timer timer;
    bool passed = false;
};

io::Task<void> pass(Gate* gate) {
    boost::system::error_code ignored;
    co_await gate->timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    gate->passed = true;
}

io::Task<io::HttpResponse> answer_with_stream(Gate* gate) {
    io::HttpResponse response;
    response.stream = [gate](io::HttpResponse::Writer) { return pass(gate); };
    co_return response;
}

io::Task<void> open_soon(Behind* behind, Gate* gate) {
    co_await io::wait_for(1ms);
    EXPECT_TRUE(behind->stopping());
    gate->open();
}

ASYNC_TEST(Behind, WaitsForTheLastTask) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Behind behind(executor);
    Gate gate(executor);
    behind.run(pass(&gate));
    behind.run(behind.pause(1h));
    behind.run(open_soon(&behind, &gate));
    behind.stop();
    co_await behind.end();
    EXPECT_TRUE(gate.passed);
}

io::Task<void> read(io::HttpResponse response) {
    const io::HttpResponse::Writer nobody;
    co_await response.stream(nobody);
}

ASYNC_TEST(Behind, WaitsForAnAnswerThatIsStreamed) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Behind behind(executor);
    Gate gate(executor);
    auto response = co_await behind.answer(answer_with_stream(&gate));
    io::run_in_background(executor, read(std::move(response)));
    io::run_in_background(executor, open_soon(&behind, &gate));
    behind.stop();
    co_await behind.end();
    EXPECT_TRUE(gate.passed);
}

io::Task<void> end_with_one_left() {
    const auto executor = co_await boost::asio::this_coro::executor;
    Behind behind(executor);
    Gate gate(executor);
    behind.run(pass(&gate));
    behind.stop();
    co_await behind.end(1ms);
}

TEST(Behind, EndsTheProcessWhenATaskDoesNotEnd) {
    ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
    EXPECT_EXIT(cloudshelf::testing::run(end_with_one_left()), ::testing::ExitedWithCode(70), "program.not-ended");
}

}  // namespace
}  // namespace cloudshelf::program
