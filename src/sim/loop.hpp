#pragma once

#include "base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace cloudshelf::sim {

/// Virtual time: what is to happen, in order. Two things at the same moment happen in the order in which they were
/// asked for, so that a seed gives the same world on every machine.
class Loop {
public:
    TimePoint now() const { return now_; }

    void at(TimePoint when, std::function<void()> what) {
        std::size_t slot = slots_.size();
        if (free_.empty()) {
            slots_.push_back(std::move(what));
        } else {
            slot = free_.back();
            free_.pop_back();
            slots_[slot] = std::move(what);
        }
        queue_.push_back({std::max(when, now_), sequence_++, slot});
        std::push_heap(queue_.begin(), queue_.end(), Later());
    }
    void after(Duration duration, std::function<void()> what) { at(now_ + duration, std::move(what)); }

    /// Runs until then, or until `stop` was called.
    void run_until(TimePoint end) {
        while (!queue_.empty() && queue_.front().when <= end && !stopped_) {
            std::pop_heap(queue_.begin(), queue_.end(), Later());
            const Event event = queue_.back();
            queue_.pop_back();
            now_ = event.when;
            ++events_;
            const auto moment = static_cast<std::uint64_t>(now_.time_since_epoch().count());
            digest_ = (digest_ ^ moment ^ event.sequence) * 0x100000001b3;
            const std::function<void()> what = std::exchange(slots_[event.slot], nullptr);
            free_.push_back(event.slot);
            what();
        }
        if (!stopped_) now_ = end;
    }
    void stop() { stopped_ = true; }
    /// Forgets what has not happened yet: nothing of it may run once the world is being taken apart.
    void clear() {
        queue_.clear();
        slots_.clear();
        free_.clear();
    }
    std::uint64_t events() const { return events_; }
    /// Of when everything happened, and in which order.
    std::uint64_t digest() const { return digest_; }

private:
    struct Event {
        TimePoint when;
        std::uint64_t sequence;
        std::size_t slot;  // of what is to happen: the heap moves small things
    };
    struct Later {
        bool operator()(const Event& a, const Event& b) const {
            return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
        }
    };

    TimePoint now_{std::chrono::seconds(1000)};
    std::vector<Event> queue_;
    std::vector<std::function<void()>> slots_;
    std::vector<std::size_t> free_;
    std::uint64_t sequence_ = 0;
    std::uint64_t events_ = 0;
    std::uint64_t digest_ = 0;
    bool stopped_ = false;
};

}  // namespace cloudshelf::sim
