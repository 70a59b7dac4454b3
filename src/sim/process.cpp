#include "sim/process.hpp"

namespace cloudshelf::sim {

TimePoint Clock::read(TimePoint true_time) const {
    const double elapsed = static_cast<double>(true_time.time_since_epoch().count()) * speed;
    return TimePoint(Duration(static_cast<std::int64_t>(elapsed)) + ahead);
}

Duration Clock::true_length(Duration local) const {
    return Duration(static_cast<std::int64_t>(static_cast<double>(local.count()) / speed));
}

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

void Process::after(Duration local, std::function<void()> what) {
    loop_.after(clock_.true_length(local), [this, incarnation = incarnation_, what = std::move(what)] {
        run(incarnation, what);
    });
}

}  // namespace cloudshelf::sim
