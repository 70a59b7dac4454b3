#pragma once

#include "base/ids.hpp"
#include "core/execution.hpp"
#include "store/store.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace cloudshelf::controller {

/// What executions ask for, on its way to being carried out. One execution's commands are carried out in the order in
/// which they were pushed, and none before every Save ahead of it is in the journal: while the journal cannot be
/// written they wait. Executions do not wait for each other. Must outlive the loop's last turn.
class CommandQueue {
public:
    /// Carries out a Perform or a Finished; does not wait for its end.
    using CarryOut = std::function<void(const std::string& execution, const core::ExecutionCommand& command)>;

    CommandQueue(
        io::Executor executor,
        store::Journal& journal,
        CarryOut carry_out,
        Duration again_after = std::chrono::milliseconds(500)
    )
        : executor_(std::move(executor)),
          journal_(journal),
          carry_out_(std::move(carry_out)),
          again_after_(again_after) {}
    CommandQueue(const CommandQueue&) = delete;
    CommandQueue& operator=(const CommandQueue&) = delete;

    /// `state`: the execution as it is now; what a Save among the commands saves.
    void push(
        const std::string& execution,
        Epoch epoch,
        const std::string& state,
        std::vector<core::ExecutionCommand> commands
    );

    /// Whether something of this execution still waits: what it has decided may not be in the journal yet.
    bool holds(const std::string& execution) const { return waiting_.contains(execution); }
    /// Returns when nothing of this execution waits any more, or the deadline has passed.
    io::Task<void> drained(std::string execution, io::Deadline deadline) const;

private:
    struct Waiting {
        core::ExecutionCommand command;
        Epoch epoch;
        std::string state;
    };

    io::Task<void> drain(std::string execution);

    io::Executor executor_;
    store::Journal& journal_;
    CarryOut carry_out_;
    Duration again_after_;
    std::map<std::string, std::deque<Waiting>> waiting_;  // one that is there is being drained
};

}  // namespace cloudshelf::controller
