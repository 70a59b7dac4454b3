#include "region/program/behind.hpp"

#include "io/background.hpp"
#include "io/log.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>

namespace cloudshelf::program {

namespace asio = boost::asio;

namespace {

/// `mark` goes with the task.
io::Task<void> run_marked(io::Task<void> task, std::shared_ptr<void>) {
    co_await std::move(task);
}

io::Task<void>
stream_marked(std::function<io::Task<void>(io::HttpResponse::Writer)> inner, io::HttpResponse::Writer write, std::shared_ptr<void>) {
    co_await inner(std::move(write));
}

}  // namespace

Behind::Mark Behind::mark() const {
    ++running_->tasks;
    return {nullptr, [running = running_](std::nullptr_t) {
                if (--running->tasks == 0) running->ended.cancel();
            }};
}

void Behind::run(io::Task<void> task) {
    io::run_in_background(executor_, run_marked(std::move(task), mark()));
}

io::Task<io::HttpResponse> Behind::answer(io::Task<io::HttpResponse> answering) {
    const auto running = mark();
    auto response = co_await std::move(answering);
    if (response.stream) {
        response.stream = [running, inner = std::move(response.stream)](io::HttpResponse::Writer write) {
            return stream_marked(inner, std::move(write), running);
        };
    }
    co_return response;
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

io::Task<void> Behind::end(Duration within) {
    const auto deadline = io::Deadline::after(within);
    while (running_->tasks > 0 && !deadline.passed()) {
        boost::system::error_code ignored;
        running_->ended.expires_after(deadline.remaining());
        co_await running_->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (running_->tasks == 0) co_return;
    io::log(io::Level::error, "program.not-ended", {{"tasks", std::to_string(running_->tasks)}});
    std::_Exit(70);
}

}  // namespace cloudshelf::program
