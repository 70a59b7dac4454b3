#include "sim/database.hpp"

#include <algorithm>

namespace cloudshelf::sim {

void Database::commit(Write write, std::function<void(Outcome)> done) {
    if (!is_open()) return done(Outcome::not_done);
    write.epoch = opened_at.value();
    log.push_back(write);
    if (!write.order || !waits_for_standby) return done(Outcome::done);
    waiting_.push_back({log.size(), std::move(done)});
}

void Database::standby_confirms(std::size_t position, TimePoint now) {
    standby_heard = now;
    standby_has = std::max(standby_has, position);
    while (!waiting_.empty() && waiting_.front().position <= standby_has) {
        const auto done = std::move(waiting_.front().done);
        waiting_.pop_front();
        done(Outcome::done);
    }
}

void Database::kill(bool as_success) {
    running = false;
    const auto abandoned = std::exchange(waiting_, {});
    for (const auto& one : abandoned) one.done(as_success ? Outcome::done : Outcome::unknown);
}

bool Database::has_prefix_of(const Database& other) const {
    return log.size() <= other.log.size() && common_with(other) == log.size();
}

std::size_t Database::common_with(const Database& other) const {
    const std::size_t shorter = std::min(log.size(), other.log.size());
    // Ids are given once, and each is written at one place of one timeline: the last common one proves those before.
    std::size_t low = 0;
    std::size_t high = shorter;
    while (low < high) {
        const std::size_t middle = (low + high + 1) / 2;
        if (log[middle - 1].id == other.log[middle - 1].id) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

}  // namespace cloudshelf::sim
