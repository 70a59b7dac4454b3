#pragma once

#include "sim/world.hpp"

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace cloudshelf::sim {

/// Makes go wrong what the scenario says, when it says so.
class Faults {
public:
    explicit Faults(World& world) : world_(world) {}

    void schedule(TimePoint begun);
    /// A step begins, or has been done or failed.
    void around_step(const std::string& step, const std::string& execution, bool begins);
    /// The faults end; what only a person can repair is left to a_person_repairs.
    void heal();
    void a_person_repairs();

    bool standby_is_deaf() const { return deaf_ > 0; }
    bool resolvers_are_stale() const { return stale_resolvers_ > 0; }
    bool epoch_is_torn(std::size_t site) const { return torn_[site]; }

private:
    void apply(const Fault& fault);
    void apply_to_link(const Fault& fault, std::size_t from, std::size_t to);
    void apply_to_site(const Fault& fault, std::size_t site);
    void flap(std::size_t from, std::size_t to, Duration half, TimePoint end);
    void change_clock(std::size_t site, std::int64_t ppm, Duration lasts);
    void jump_wall_clock(std::size_t site, std::int64_t ahead_ms, Duration lasts);
    void ask(const std::string& procedure, core::AcceptLoss accept, int more);
    void send_stale_command(std::size_t to, std::int64_t epochs);
    /// Unless everything was healed before.
    void later(Duration after, std::function<void()> what);
    /// Counts a fault in now and, after `lasts`, out.
    void hold(int& count, Duration lasts);
    std::vector<std::size_t> sites_of(Place place);

    World& world_;
    std::vector<Fault> around_steps_;
    int deaf_ = 0;
    int stale_resolvers_ = 0;
    std::array<bool, 3> torn_{};
};

}  // namespace cloudshelf::sim
