#include "region/program/behind.hpp"

#include "io/background.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace cloudshelf::program {

namespace asio = boost::asio;

void Behind::run(io::Task<void> task) {
    ++running_;
    io::run_in_background(executor_, count(std::move(task)));
}

io::Task<void> Behind::count(io::Task<void> task) {
    co_await std::move(task);
    if (--running_ == 0) ended_.cancel();
}

io::Task<void> Behind::pause(Duration duration) {
    if (stopping_) co_return;
    asio::steady_timer timer(executor_, duration);
    pauses_.insert(&timer);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    pauses_.erase(&timer);
}

void Behind::stop() {
    stopping_ = true;
    for (auto* timer : pauses_) timer->cancel();
}

io::Task<void> Behind::end(io::Deadline deadline) {
    if (running_ == 0) co_return;
    boost::system::error_code ignored;
    ended_.expires_after(deadline.remaining());
    co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace cloudshelf::program
