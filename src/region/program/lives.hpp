#pragma once

#include "base/result.hpp"
#include "io/clock.hpp"
#include "io/task.hpp"

#include <functional>
#include <memory>
#include <string>

namespace cloudshelf::program {

/// A service that keeps data, in one of its lives: from the opening of its data to the closing. Lives on one executor.
class Life {
public:
    virtual ~Life() = default;
    virtual io::Task<Result<void>> start() = 0;
    /// Requests may go on until the deadline. Nothing of it runs any more when this answers, also after `start` failed.
    virtual io::Task<void> stop(io::Deadline deadline) = 0;
    /// A commit failed, and there is space again: to be stopped and started anew.
    virtual bool wants_to_start_anew() const = 0;
    virtual std::uint16_t port() const = 0;
};

/// Lives one after the other until the program is asked to end (SIGTERM, SIGINT). Answers the exit status: 0, or 1 when
/// the first life did not start, which is said on stderr. `name`: "tables", for log lines "tables.listening", …
io::Task<int> run_lives(std::string name, std::function<std::unique_ptr<Life>(io::Executor executor)> make);

}  // namespace cloudshelf::program
