#pragma once

#include "sim/world.hpp"

namespace cloudshelf::sim {

/// What goes wrong in a world, drawn from its seed: singly and together, some of it aimed at the worst moments.
class Faults {
public:
    explicit Faults(World& world) : world_(world) {}
    /// Plans everything until `end`. Afterwards `heal` repairs what is to be repaired.
    void plan(TimePoint end);
    void heal();

private:
    void at_random(TimePoint end, Duration apart, std::function<void()> what);
    Duration up_to(Duration longest);
    void lose_region(std::size_t i);
    void cut_something();
    void something_mild();
    void operate();
    /// Several things in the order in which they hurt most.
    void worst_moment();
    void person_fails_over(Duration after);
    void send_stale_command();

    World& world_;
    bool busy_ = false;
};

}  // namespace cloudshelf::sim
