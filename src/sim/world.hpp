#pragma once

#include "core/execution.hpp"
#include "core/lease.hpp"
#include "core/move_policy.hpp"
#include "core/timing.hpp"
#include "sim/network.hpp"
#include "sim/planted.hpp"
#include "sim/region.hpp"
#include "sim/scenario.hpp"
#include "sim/store.hpp"

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace cloudshelf::sim {

class Agent;
class Controller;
class Customers;
class Faults;
class Judge;

/// How a scenario is run.
struct RunOptions {
    Planted planted = Planted::nothing;
    bool trace = false;
};

/// What a world showed.
struct Verdicts {
    std::vector<std::string> violations;             // "writers: …"; empty: all invariants held
    std::map<std::string, std::uint64_t> sometimes;  // rare situations that were really reached, counted
    std::set<std::string> transitions;               // of the core's state machines, "role.rejoin"
    std::uint64_t events = 0;
    std::uint64_t hash = 0;     // of everything that happened and when: the same on every machine
    Duration simulated{};       // how long the world lasted
    Duration writable_after{};  // how long after the faults ended somebody wrote again, for good
    std::vector<std::string> trace;
};

/// Two regions, a witness, a member of the store and a controller at each, and customers outside; everything that the
/// core decides is decided by the core, everything else is a model of what the daemons do with it.
class World {
public:
    World(Scenario scenario, RunOptions options);
    ~World();
    Verdicts run();

    // What its parts use.
    const Scenario& scenario() const { return scenario_; }
    bool planted(Planted what) const { return options_.planted == what; }
    Loop& loop() { return loop_; }
    Random& random() { return random_; }
    Network& network() { return network_; }
    Region& region(std::size_t i) { return *regions_[i]; }
    Clock& clock(std::size_t i) { return clocks_[i]; }
    /// A site's clock reads something else now, or runs at another speed; a fast one has a positive `ppm`.
    void set_clock(std::size_t i, Duration ahead, std::int64_t ppm);
    Agent& agent(std::size_t i) { return *agents_[i]; }
    Controller* controller(std::size_t i) { return controllers_[i].get(); }
    /// The controller that leads, where one does and is awake.
    Controller* leader();
    Store& store() { return store_; }
    Customers& customers() { return *customers_; }
    Faults& faults() { return *faults_; }
    Judge& judge() { return *judge_; }
    const core::LeaseTerms& terms() const { return terms_; }
    const core::Timing& timing() const { return timing_; }
    /// Of what is written for the `lan` profile: as long in this one.
    Duration scaled(Duration in_lan) const { return in_lan * scale_; }
    /// How long one try of the store may take.
    Duration store_try() const { return terms_.duration / 4; }
    int plan_edition() const { return plan_edition_; }
    void edit_plan(int edition) { plan_edition_ = edition; }

    bool healed() const { return healed_; }
    void violate(const std::string& what);
    void sometimes(const std::string& what) { ++verdicts_.sometimes[what]; }
    void transition(const std::string& what) { verdicts_.transitions.insert(what); }
    void note(const std::string& what);

    static RegionName name_of(std::size_t i);
    static std::size_t index_of(const RegionName& region);
    /// The region that the store's lease names.
    std::size_t writer() const { return index_of(store_.truth().lease.record.region); }

    // The machines of a site.
    void write_page(std::size_t i, PageState state, Epoch epoch, TimePoint deadline);
    void power_off(std::size_t i);
    void power_on(std::size_t i);
    void suspend(std::size_t i, Duration length);
    void start_agent(std::size_t i);
    void start_controller(std::size_t i);
    void start_store(std::size_t i);
    void kill_controller(std::size_t i);
    /// A controller ends itself; init starts another.
    void restart_controller(std::size_t i);

private:
    void stream(std::size_t from, std::size_t to);
    void heal();
    void attend();

    Scenario scenario_;
    RunOptions options_;
    Loop loop_;
    Random random_;
    Network network_;
    core::Timing timing_;
    core::LeaseTerms terms_;
    int scale_ = 1;
    std::array<Clock, sites> clocks_;
    std::array<std::unique_ptr<Region>, 3> regions_;
    std::array<std::unique_ptr<Agent>, 3> agents_;
    std::array<std::unique_ptr<Controller>, 3> controllers_;
    Store store_;
    std::unique_ptr<Judge> judge_;
    std::unique_ptr<Customers> customers_;
    std::unique_ptr<Faults> faults_;
    Verdicts verdicts_;
    int plan_edition_ = 0;
    bool healed_ = false;
    TimePoint end_{};
};

}  // namespace cloudshelf::sim
