#pragma once

#include "drivers/probe/prober.hpp"
#include "support/async.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace cloudshelf::probe {

/// A prober whose results can be awaited.
class Looker {
public:
    explicit Looker(io::Executor executor, Prober::Options options = {})
        : told_(executor), prober_(executor, options, [this](core::ProbeId id, const ProbeResult& result) {
              results_.emplace_back(id, result);
              told_.cancel();
          }) {}

    Prober& prober() { return prober_; }
    io::Task<ProbeResult> look(core::ProbeId id) {
        EXPECT_TRUE(prober_.begin(id));
        const auto all = co_await results(1);
        co_return all[0].second;
    }
    /// Once there are `count` of them; the test's own time limit ends a wait in vain.
    io::Task<std::vector<std::pair<core::ProbeId, ProbeResult>>> results(std::size_t count) {
        while (results_.size() < count) {
            told_.expires_at(boost::asio::steady_timer::time_point::max());
            boost::system::error_code ignored;
            co_await told_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        }
        co_return std::exchange(results_, {});
    }

private:
    boost::asio::steady_timer told_;
    std::vector<std::pair<core::ProbeId, ProbeResult>> results_;
    Prober prober_;
};

inline io::Task<ProbeResult> look_once(Target target) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Looker looker(executor);
    const auto id = looker.prober().add(std::move(target));
    const ProbeResult result = co_await looker.look(id.value());
    co_return result;
}

}  // namespace cloudshelf::probe
