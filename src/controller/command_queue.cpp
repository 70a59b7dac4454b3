#include "controller/command_queue.hpp"

#include "io/background.hpp"
#include "io/log.hpp"

namespace cloudshelf::controller {

void CommandQueue::push(
    const std::string& execution, Epoch epoch, const std::string& state, std::vector<core::ExecutionCommand> commands
) {
    if (commands.empty()) return;
    const auto [queue, is_new] = waiting_.try_emplace(execution);
    for (auto& command : commands) {
        const bool saves = std::holds_alternative<core::Save>(command);
        queue->second.push_back({std::move(command), epoch, saves ? state : std::string()});
    }
    if (is_new) io::run_in_background(executor_, drain(execution));
}

io::Task<void> CommandQueue::drain(std::string execution) {
    auto& queue = waiting_.at(execution);
    while (!queue.empty()) {
        const Waiting next = queue.front();
        if (std::holds_alternative<core::Save>(next.command)) {
            const auto saved = co_await journal_.append(next.epoch.value(), execution, "execution", next.state);
            if (!saved) {
                io::log(
                    io::Level::error,
                    "controller.journal-failed",
                    {{"code", saved.error().code}, {"why", saved.error().message}}
                );
                // Again, with the rest behind it. Twice in the journal does no harm: an execution is what its last
                // entry says.
                co_await io::wait_for(again_after_);
                continue;
            }
        } else {
            carry_out_(execution, next.command);
        }
        queue.pop_front();
    }
    waiting_.erase(execution);
}

io::Task<void> CommandQueue::drained(std::string execution, io::Deadline deadline) const {
    while (waiting_.contains(execution) && !deadline.passed()) co_await io::wait_for(std::chrono::milliseconds(1));
}

}  // namespace cloudshelf::controller
