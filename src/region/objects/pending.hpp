#pragma once

#include "base/time.hpp"
#include "region/log/entry.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace cloudshelf::objects {

/// How long a version may be on its way before that is an event, as in S3's replication time control.
inline constexpr std::chrono::minutes replication_due{15};

/// So many are told apart. Of a region that is away for long, neighbours are counted as one.
inline constexpr std::size_t told_apart_max = 100'000;

/// What one other region does not have yet. Pure.
class Pending {
public:
    /// A version at that place of our log, of so many bytes. Places come in order.
    void logged(changelog::Position position, std::uint64_t bytes, std::int64_t logged_ms);
    /// The region has everything up to there.
    void confirmed(changelog::Position position);

    std::uint64_t objects() const { return objects_; }
    std::uint64_t bytes() const { return bytes_; }
    /// Of the oldest; 0 when nothing waits: the live recovery point.
    Duration age(std::int64_t now_ms) const;
    std::uint64_t replicated_objects() const { return replicated_objects_; }
    std::uint64_t replicated_bytes() const { return replicated_bytes_; }

    enum class Event : std::uint8_t { late, caught_up };
    /// What is to be told now: the oldest is past replication_due, or no longer.
    std::optional<Event> look(std::int64_t now_ms);

private:
    /// Versions that count as confirmed together: one, until there are too many.
    struct Waiting {
        changelog::Position position;  // of the last
        std::uint64_t objects = 0;
        std::uint64_t bytes = 0;
        std::int64_t logged_ms = 0;  // of the first
    };
    void join_pairs();

    std::deque<Waiting> waiting_;
    std::uint64_t objects_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t replicated_objects_ = 0;
    std::uint64_t replicated_bytes_ = 0;
    bool late_ = false;
};

}  // namespace cloudshelf::objects
