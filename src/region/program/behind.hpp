#pragma once

#include "io/clock.hpp"
#include "io/task.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <set>

namespace cloudshelf::program {

/// What a service does behind its requests: sweeps, following, collecting. Such a task ends soon after `stopping` turns
/// true, and `end` waits for it. Lives on one executor; outlives the tasks.
class Behind {
public:
    explicit Behind(io::Executor executor) : executor_(executor), ended_(std::move(executor)) {}

    void run(io::Task<void> task);
    bool stopping() const { return stopping_; }
    /// Waits on the loop, until `stop` at the longest.
    io::Task<void> pause(Duration duration);

    /// Ends all pauses; no task is to begin anything new.
    void stop();
    /// After `stop`: waits until the last task has ended, or the deadline.
    io::Task<void> end(io::Deadline deadline);

private:
    io::Task<void> count(io::Task<void> task);

    io::Executor executor_;
    bool stopping_ = false;
    std::size_t running_ = 0;
    boost::asio::steady_timer ended_;
    std::set<boost::asio::steady_timer*> pauses_;
};

}  // namespace cloudshelf::program
