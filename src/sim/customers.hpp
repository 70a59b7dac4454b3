#pragma once

#include "sim/world.hpp"

namespace cloudshelf::sim {

/// Customers outside every region: each asks its resolver, goes where the name points, writes, and remembers what it
/// was promised. Half of the writes are orders.
class Customers {
public:
    explicit Customers(World& world) : world_(world), process_(world.loop(), Site::outside, clock_) {}
    void start();
    std::uint64_t acknowledged() const { return acknowledged_; }
    TimePoint last_success() const { return last_success_; }

private:
    Task<> arrive();
    Task<> buy(std::uint64_t id, bool order);
    /// Where a resolver says that the name points: from its memory, or as a nameserver tells it.
    std::optional<std::size_t> resolve(std::size_t resolver);

    struct Resolver {
        std::optional<std::size_t> points_to;
        TimePoint until{};
    };

    World& world_;
    Clock clock_;
    Process process_;
    std::array<Resolver, 3> resolvers_;
    std::uint64_t next_id_ = 1;
    std::uint64_t acknowledged_ = 0;
    TimePoint last_success_{};
};

}  // namespace cloudshelf::sim
