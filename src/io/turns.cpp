#include "io/turns.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cloudshelf::io {

Task<std::optional<Turns::Turn>> Turns::take(std::shared_ptr<Turns> turns, Executor executor, Deadline deadline) {
    if (turns->free_ > 0) {
        --turns->free_;
        co_return Turn(std::move(turns));
    }
    const auto own = std::make_shared<Waiting>(boost::asio::steady_timer(executor, deadline.remaining()));
    turns->waiting_.push_back(own);
    boost::system::error_code woken;
    co_await own->timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
    if (own->has_it) co_return Turn(std::move(turns));
    std::erase(turns->waiting_, own);
    co_return std::nullopt;
}

void Turns::pass_on() {
    if (waiting_.empty()) {
        ++free_;
        return;
    }
    waiting_.back()->has_it = true;
    waiting_.back()->timer.cancel();
    waiting_.pop_back();
}

}  // namespace cloudshelf::io
