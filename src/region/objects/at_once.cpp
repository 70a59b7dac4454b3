#include "region/objects/at_once.hpp"

#include "io/background.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <memory>

namespace cloudshelf::objects {
namespace {

namespace asio = boost::asio;

struct Round {
    Round(const io::Executor& executor, std::size_t all, std::function<io::Task<void>(std::size_t)> each)
        : count(all), work(std::move(each)), ended(executor, asio::steady_timer::time_point::max()) {}

    std::size_t count;
    std::function<io::Task<void>(std::size_t)> work;
    std::size_t next = 0;
    std::size_t running = 0;
    asio::steady_timer ended;
};

io::Task<void> take_turns(std::shared_ptr<Round> round) {
    while (round->next < round->count) {
        const std::size_t number = round->next++;
        co_await round->work(number);
    }
    if (--round->running == 0) round->ended.cancel();
}

}  // namespace

io::Task<void> each_at_once(std::size_t count, std::size_t at_once, std::function<io::Task<void>(std::size_t)> work) {
    if (count == 0) co_return;
    const auto executor = co_await asio::this_coro::executor;
    const auto round = std::make_shared<Round>(executor, count, std::move(work));
    round->running = std::min(count, at_once);
    for (std::size_t i = std::min(count, at_once); i > 0; --i) io::run_in_background(executor, take_turns(round));
    boost::system::error_code ignored;
    while (round->running > 0) co_await round->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace cloudshelf::objects
