#include "region/program/lives.hpp"

#include "io/background.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"
#include "io/signals.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

namespace cloudshelf::program {
namespace {

constexpr Duration look_every = std::chrono::seconds(1);
constexpr Duration ending_limit = std::chrono::seconds(10);

/// Whether somebody asked the program to end, and a bell that rings then.
struct End {
    explicit End(const io::Executor& executor) : bell(executor) {}
    bool asked = false;
    boost::asio::steady_timer bell;
};

io::Task<void> wait_for_end(std::shared_ptr<End> end) {
    co_await io::asked_to_end();
    end->asked = true;
    end->bell.cancel();
}

io::Task<void> pause(std::shared_ptr<End> end) {
    if (end->asked) co_return;
    boost::system::error_code ignored;
    end->bell.expires_after(look_every);
    co_await end->bell.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

/// One life: until the program is to end, or the data has to be opened anew.
io::Task<Result<void>> live(std::string name, std::unique_ptr<Life> life, std::shared_ptr<End> end) {
    const auto started = co_await life->start();
    if (!started) {
        co_await life->stop(io::Deadline::after(ending_limit));  // it may have been asked something already
        co_return started;
    }
    io::log(io::Level::info, name + ".listening", {{"port", std::to_string(life->port())}});
    while (!end->asked && !life->wants_to_start_anew()) co_await pause(end);
    co_await life->stop(io::Deadline::after(ending_limit));
    co_return Result<void>();
}

}  // namespace

io::Task<int> run_lives(std::string name, std::function<std::unique_ptr<Life>(io::Executor executor)> make) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto end = std::make_shared<End>(executor);
    io::run_in_background(executor, wait_for_end(end));
    auto life = make(executor);
    const auto first = co_await live(name, std::move(life), end);
    if (!first) {
        fmt::print(stderr, "cloudshelf-region {}: {}: {}\n", name, first.error().code, first.error().message);
        co_return 1;
    }
    while (!end->asked) {
        io::log(io::Level::warning, name + ".starting-anew", {});
        life = make(executor);
        const auto lived = co_await live(name, std::move(life), end);
        if (lived) continue;
        io::log(io::Level::error, name + ".not-started", {{"why", lived.error().message}});
        co_await pause(end);
    }
    co_return 0;
}

}  // namespace cloudshelf::program
