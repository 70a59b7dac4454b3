#pragma once

#include "core/execution.hpp"
#include "core/lease.hpp"
#include "core/move_policy.hpp"
#include "core/timing.hpp"
#include "sim/network.hpp"
#include "sim/planted.hpp"
#include "sim/region.hpp"

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

/// What one seed decides before anything runs.
struct Scenario {
    std::uint64_t seed = 1;
    Planted planted = Planted::nothing;
    Duration faults_for = std::chrono::seconds(25);
    Duration healed_for = std::chrono::seconds(25);
    /// How much goes wrong. In a calm world nothing but pauses of 200 ms; in a mild one single links are cut and the
    /// controller sleeps: in both nothing may move, and nobody be fenced.
    enum class Kind { rough, mild, calm } kind = Kind::rough;
    bool trace = false;
};

/// What a world showed.
struct Verdicts {
    std::vector<std::string> violations;             // "writers: …"; empty: all invariants held
    std::map<std::string, std::uint64_t> sometimes;  // rare situations that were really reached, counted
    std::set<std::string> transitions;               // of the core's state machines, "role.rejoin"
    std::uint64_t events = 0;
    std::vector<std::string> trace;
};

/// The state store and the journal, on the controller's disk.
struct StateStore {
    std::uint64_t revision = 1;
    core::LeaseRecord lease;
    std::map<std::string, std::string> executions;  // as saved last
    bool full = false;                              // the disk is: nothing can be written
};

/// Two regions, a witness with the state store and the controller, and customers outside; everything that the core
/// decides is decided by the core, everything else is a model of what the daemons do with it.
class World {
public:
    explicit World(Scenario scenario);
    ~World();
    Verdicts run();

    // What its parts use.
    const Scenario& scenario() const { return scenario_; }
    bool planted(Planted what) const { return scenario_.planted == what; }
    Loop& loop() { return loop_; }
    Random& random() { return random_; }
    Network& network() { return network_; }
    Region& region(std::size_t i) { return *regions_[i]; }
    Agent& agent(std::size_t i) { return *agents_[i]; }
    Process& controller_process() { return controller_process_; }
    Controller* controller() { return controller_.get(); }
    StateStore& store() { return store_; }
    const core::LeaseTerms& terms() const { return terms_; }
    const core::Timing& timing() const { return timing_; }
    Duration fencer_margin() const { return timing_.fencer_margin; }

    bool healed() const { return healed_; }
    void violate(const std::string& what);
    void sometimes(const std::string& what) { ++verdicts_.sometimes[what]; }
    void transition(const std::string& what) { verdicts_.transitions.insert(what); }
    void note(const std::string& what);

    static RegionName name_of(std::size_t i);
    static std::size_t index_of(const RegionName& region) { return region == name_of(0) ? 0 : 1; }

    // The machine of a region.
    void write_page(std::size_t i, PageState state, Epoch epoch, TimePoint deadline);
    void power_off(std::size_t i);
    void power_on(std::size_t i);
    void start_agent(std::size_t i);
    void start_controller();
    void kill_controller();
    /// A server opens for writes: the moment in which two could.
    void opened(std::size_t i);
    /// A nameserver's zone was changed.
    void renamed(std::size_t site, Nameserver before);
    void a_person_accepted_loss() { loss_accepted_ = true; }
    void acknowledged(const Write& write, bool sync_promised);

private:
    void stream(std::size_t from, std::size_t to);
    void check_writers();
    void check_end();
    Clock draw_clock();
    friend class Faults;

    Scenario scenario_;
    Loop loop_;
    Random random_;
    Network network_;
    core::Timing timing_;
    core::LeaseTerms terms_;
    std::array<std::unique_ptr<Region>, 3> regions_;
    std::array<std::unique_ptr<Agent>, 2> agents_;
    Process controller_process_;
    StateStore store_;
    std::unique_ptr<Controller> controller_;
    std::unique_ptr<Customers> customers_;
    Verdicts verdicts_;
    bool loss_accepted_ = false;
    bool healed_ = false;
    std::uint64_t newest_acknowledged_epoch_ = 0;
    struct Acknowledged {
        Write write;
        bool promised;
        TimePoint at;
    };
    std::vector<Acknowledged> acknowledged_;
};

}  // namespace cloudshelf::sim
