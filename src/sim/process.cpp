#include "sim/process.hpp"

namespace cloudshelf::sim {

void Process::kill() {
    alive_ = false;
    ++incarnation_;
    paused_until_ = {};
    roots_.clear();
    timers_.clear();
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
    if (!clock_.steady()) {
        const std::uint64_t timer = next_timer_++;
        timers_.emplace(timer, Timer{local, incarnation, std::move(what)});
        return arm(timer, local);
    }
    const Duration left = std::max<Duration>(local - now(), Duration::zero());
    loop_.after(clock_.true_length(left), [this, local, incarnation, what = std::move(what)]() mutable {
        if (!alive_ || incarnation != incarnation_) return;
        if (now() < local) return wait_until(local, incarnation, std::move(what));
        run(incarnation, std::move(what));
    });
}

void Process::arm(std::uint64_t timer, TimePoint local) {
    const Duration left = std::max<Duration>(local - now(), Duration::zero());
    loop_.after(clock_.true_length(left), [this, timer] { ring(timer); });
}

void Process::ring(std::uint64_t timer) {
    const auto found = timers_.find(timer);
    if (found == timers_.end()) return;
    if (now() < found->second.local) return arm(timer, found->second.local);
    Timer due = std::move(found->second);
    timers_.erase(found);
    run(due.incarnation, std::move(due.what));
}

void Process::clock_changed() {
    for (const auto& [timer, due] : timers_) arm(timer, due.local);
}

}  // namespace cloudshelf::sim
