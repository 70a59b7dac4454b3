#pragma once

#include "sim/world.hpp"

namespace cloudshelf::sim {

/// Customers outside every region: each asks a nameserver, goes where it points, writes, and remembers what it was
/// promised. Half of the writes are orders.
class Customers {
public:
    explicit Customers(World& world) : world_(world), process_(world.loop(), Site::outside, Clock{}) {}
    void start();
    std::uint64_t acknowledged() const { return acknowledged_; }
    TimePoint last_success() const { return last_success_; }

private:
    Task<> arrive();
    Task<> buy(std::uint64_t id, bool order);

    World& world_;
    Process process_;
    std::uint64_t next_id_ = 1;
    std::uint64_t acknowledged_ = 0;
    TimePoint last_success_{};
};

}  // namespace cloudshelf::sim
