#pragma once

#include "io/clock.hpp"
#include "io/http.hpp"
#include "io/task.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <set>
#include <utility>

namespace cloudshelf::program {

/// How long after `stop` tasks may go on. Longer than the longest silence that a connection of theirs may have.
inline constexpr Duration ends_within = std::chrono::seconds(90);

/// What a service does behind its requests (sweeps, following, collecting), and the requests that it answers. Such a
/// task ends soon after `stopping` turns true, and `end` waits for it: a service is never destroyed under one. Lives on
/// one executor; outlives the tasks.
class Behind {
public:
    explicit Behind(io::Executor executor)
        : executor_(std::move(executor)), running_(std::make_shared<Running>(executor_)) {}

    void run(io::Task<void> task);
    /// An answer under way, its stream included.
    io::Task<io::HttpResponse> answer(io::Task<io::HttpResponse> answering);
    bool stopping() const { return stopping_; }
    /// Waits on the loop, until `stop` at the longest.
    io::Task<void> pause(Duration duration);

    /// Ends all pauses; no task is to begin anything new.
    void stop();
    /// After `stop`: waits until the last task has ended. Where that takes longer it ends the process (70), and says so
    /// in the log: what is acknowledged is durable, and the supervisor starts it again.
    io::Task<void> end(Duration within = ends_within);

private:
    struct Running {
        explicit Running(const io::Executor& executor) : ended(executor) {}
        std::size_t tasks = 0;
        boost::asio::steady_timer ended;
    };
    /// As long as it lives a task counts as running.
    using Mark = std::shared_ptr<void>;
    Mark mark() const;

    io::Executor executor_;
    bool stopping_ = false;
    std::shared_ptr<Running> running_;
    std::set<boost::asio::steady_timer*> pauses_;
};

}  // namespace cloudshelf::program
