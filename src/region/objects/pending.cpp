#include "region/objects/pending.hpp"

#include <algorithm>

namespace cloudshelf::objects {

void Pending::logged(changelog::Position position, std::uint64_t bytes, std::int64_t logged_ms) {
    waiting_.push_back({.position = position, .bytes = bytes, .logged_ms = logged_ms});
    bytes_ += bytes;
}

void Pending::confirmed(changelog::Position position) {
    while (!waiting_.empty() && waiting_.front().position <= position) {
        bytes_ -= waiting_.front().bytes;
        replicated_bytes_ += waiting_.front().bytes;
        ++replicated_objects_;
        waiting_.pop_front();
    }
}

Duration Pending::age(std::int64_t now_ms) const {
    if (waiting_.empty()) return Duration::zero();
    return std::chrono::milliseconds(std::max<std::int64_t>(0, now_ms - waiting_.front().logged_ms));
}

std::optional<Pending::Event> Pending::look(std::int64_t now_ms) {
    const bool late = age(now_ms) > replication_due;
    if (late == late_) return std::nullopt;
    late_ = late;
    return late ? Event::late : Event::caught_up;
}

}  // namespace cloudshelf::objects
