#pragma once

#include "base/result.hpp"
#include "io/clock.hpp"
#include "io/task.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace cloudshelf::store {

/// Puts calls together that are made while another is under way: one message then carries many. A call made while none
/// is goes at once and alone, so whoever calls seldom notices nothing; nobody waits for company longer than
/// `wait_max`, and nobody at all for a message that gets no answer. What goes wrong with a message goes wrong with each
/// call in it. Call has a `key`, the same at most once in a message, and bytes(). One executor, one thread; outlives
/// its calls.
template <class Call, class Answer>
class Batcher {
public:
    /// One answer for each call, in order.
    using Send = std::function<io::Task<Result<std::vector<Answer>>>(std::vector<Call> calls)>;
    struct Options {
        std::size_t calls_max = 64;
        std::size_t bytes_max = 256 << 10;
        Duration wait_max = std::chrono::milliseconds(20);
    };

    Batcher(io::Executor executor, Options options, Send send)
        : executor_(std::move(executor)), options_(options), send_(std::move(send)) {}
    Batcher(const Batcher&) = delete;
    Batcher& operator=(const Batcher&) = delete;

    io::Task<Result<Answer>> call(Call wanted) {
        boost::system::error_code woken;
        if (gathering_ && fits(*gathering_, wanted)) {
            const auto batch = gathering_;
            const std::size_t place = batch->calls.size();
            batch->bytes += wanted.bytes();
            batch->calls.push_back(std::move(wanted));
            co_await batch->answered.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
            if (!batch->answers) co_return fail(batch->answers.error());
            co_return (*batch->answers)[place];
        }
        const auto batch = std::make_shared<Batch>(executor_);
        batch->bytes = wanted.bytes();
        batch->calls.push_back(std::move(wanted));
        if (under_way_ > 0 && !gathering_) {
            gathering_ = batch;
            batch->may_go.expires_after(options_.wait_max);
            co_await batch->may_go.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
            gathering_.reset();
        }
        ++under_way_;
        auto sending = send_(std::move(batch->calls));
        batch->answers = co_await std::move(sending);
        --under_way_;
        if (gathering_) gathering_->may_go.cancel();
        batch->answered.cancel();
        if (!batch->answers) co_return fail(batch->answers.error());
        co_return batch->answers->front();
    }

private:
    struct Batch {
        explicit Batch(const io::Executor& executor)
            : may_go(executor), answered(executor, boost::asio::steady_timer::time_point::max()) {}
        std::vector<Call> calls;
        std::size_t bytes = 0;
        boost::asio::steady_timer may_go;
        boost::asio::steady_timer answered;
        Result<std::vector<Answer>> answers;
    };

    bool fits(const Batch& batch, const Call& call) const {
        return batch.calls.size() < options_.calls_max && batch.bytes + call.bytes() <= options_.bytes_max &&
               std::ranges::find(batch.calls, call.key, &Call::key) == batch.calls.end();
    }

    io::Executor executor_;
    Options options_;
    Send send_;
    int under_way_ = 0;
    std::shared_ptr<Batch> gathering_;  // waits for its turn, and can take more
};

}  // namespace cloudshelf::store
