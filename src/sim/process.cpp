#include "sim/process.hpp"

namespace cloudshelf::sim {

void Process::kill() {
    alive_ = false;
    ++incarnation_;
    paused_until_ = {};
    roots_.clear();
}

void Process::spawn(Task<> root) {
    roots_.remove_if([](const Task<>& task) { return task.done(); });
    roots_.push_back(std::move(root));
    roots_.back().start();
}

void Process::run(std::uint64_t incarnation, std::function<void()> what) {
    if (!alive_ || incarnation != incarnation_) return;
    if (paused()) {
        loop_.at(paused_until_, [this, incarnation, what = std::move(what)] { run(incarnation, what); });
        return;
    }
    what();
}

void Process::deliver(std::function<void()> what) {
    run(incarnation_, std::move(what));
}

void Process::wait_until(TimePoint local, std::uint64_t incarnation, std::function<void()> what) {
    const Duration left = std::max<Duration>(local - now(), Duration::zero());
    loop_.after(clock_.true_length(left), [this, local, incarnation, what = std::move(what)]() mutable {
        if (!alive_ || incarnation != incarnation_) return;
        if (now() < local) return wait_until(local, incarnation, std::move(what));
        run(incarnation, std::move(what));
    });
}

}  // namespace cloudshelf::sim
