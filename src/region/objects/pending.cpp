#include "region/objects/pending.hpp"

#include <algorithm>
#include <utility>

namespace cloudshelf::objects {

void Pending::logged(changelog::Position position, std::uint64_t bytes, std::int64_t logged_ms) {
    if (waiting_.size() == told_apart_max) join_pairs();
    waiting_.push_back({.position = position, .objects = 1, .bytes = bytes, .logged_ms = logged_ms});
    ++objects_;
    bytes_ += bytes;
}

void Pending::join_pairs() {
    std::deque<Waiting> joined;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
        if (i % 2 == 0) {
            joined.push_back(waiting_[i]);
            continue;
        }
        joined.back().position = waiting_[i].position;
        joined.back().objects += waiting_[i].objects;
        joined.back().bytes += waiting_[i].bytes;
    }
    waiting_ = std::move(joined);
}

void Pending::confirmed(changelog::Position position) {
    while (!waiting_.empty() && waiting_.front().position <= position) {
        objects_ -= waiting_.front().objects;
        bytes_ -= waiting_.front().bytes;
        replicated_bytes_ += waiting_.front().bytes;
        replicated_objects_ += waiting_.front().objects;
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
