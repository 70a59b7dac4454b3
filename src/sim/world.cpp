#include "sim/world.hpp"

#include "sim/agent.hpp"
#include "sim/controller.hpp"
#include "sim/customers.hpp"
#include "sim/faults.hpp"
#include "sim/judge.hpp"

#include <fmt/format.h>

#include <string_view>

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration good_start = 4s;
constexpr Duration restart_takes = 50ms;
constexpr int steps_limits = 10;  // of 20 s: more than the steps of a failover may take together

/// A built-in profile, in worlds whose clocks are as wrong as theirs.
core::Timing timing_of_worlds(const std::string& profile) {
    core::Timing timing = *core::built_in_timing(profile);
    timing.drift_ppm = static_cast<int>(drift_ppm_max);
    timing.fencer_margin = 1ms;
    return timing;
}

/// FNV-1a's step, on whole words.
std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
    return (hash ^ word) * 0x100000001b3;
}

}  // namespace

World::World(Scenario scenario, RunOptions options)
    : scenario_(std::move(scenario)),
      options_(options),
      random_(scenario_.seed ^ 0x9e3779b97f4a7c15),
      network_(loop_, random_),
      timing_(timing_of_worlds(scenario_.profile)),
      terms_{.duration = timing_.lease, .beat = timing_.beat, .drift_ppm_max = timing_.drift_ppm},
      scale_(static_cast<int>(std::max<Duration>(timing_.beat, 100ms) / 100ms)),
      store_(*this),
      judge_(std::make_unique<Judge>(*this)),
      customers_(std::make_unique<Customers>(*this)),
      faults_(std::make_unique<Faults>(*this)) {
    for (std::size_t i = 0; i < 3; ++i) {
        const TimePoint local = loop_.now() + std::chrono::seconds(random_.below(1000));
        clocks_[i].set(loop_.now(), local, scenario_.clock_ppm[i]);
        regions_[i] = std::make_unique<Region>(loop_, static_cast<Site>(i), clocks_[i]);
    }
    StoreState& stored = store_.begin_with();
    stored.lease = {.revision = 1, .record = {.region = name_of(0), .epoch = Epoch(1), .sync = core::Sync::degraded}};
    for (std::size_t i = 0; i < 2; ++i) {
        Database& database = region(i).database;
        database.exists = true;
        database.system_id = 7;
        database.standby_signal = i == 1;
    }
}

World::~World() {
    // Coroutines end while everything that they look at is still there.
    loop_.clear();
    for (auto& region : regions_) {
        for (Process* process : {&region->agent, &region->server, &region->controller, &region->store}) process->kill();
    }
    customers_.reset();
}

RegionName World::name_of(std::size_t i) {
    static const std::array names{RegionName("us-east-1"), RegionName("us-west-2"), RegionName("us-east-2")};
    return names[i];
}

std::size_t World::index_of(const RegionName& region) {
    return region == name_of(0) ? 0 : region == name_of(1) ? 1 : 2;
}

Controller* World::leader() {
    for (std::size_t i = 0; i < 3; ++i) {
        if (region(i).controller.runs() && controllers_[i]->leads()) return controllers_[i].get();
    }
    return nullptr;
}

void World::violate(const std::string& what) {
    note("VIOLATION " + what);
    if (std::ranges::find(verdicts_.violations, what) == verdicts_.violations.end())
        verdicts_.violations.push_back(what);
    loop_.stop();
}

void World::note(const std::string& what) {
    for (const char letter : what) verdicts_.hash = mixed(verdicts_.hash, static_cast<unsigned char>(letter));
    if (!options_.trace) return;
    verdicts_.trace.push_back(fmt::format(
        "{:10.3f} ms  {}",
        std::chrono::duration<double, std::milli>(loop_.now() - TimePoint(1000s) - good_start).count(),
        what
    ));
}

// --- machines ------------------------------------------------------------------------------------------------------

void World::write_page(std::size_t i, PageState state, Epoch epoch, TimePoint deadline) {
    Region& here = region(i);
    here.page = {.state = state, .epoch = epoch, .deadline = deadline};
    // The fencer: a margin before the deadline every process of the cluster is gone, whoever sleeps.
    const bool could_write = state == PageState::writing || state == PageState::paused;
    const Duration left = deadline - timing_.fencer_margin - here.server.now();
    const Duration late = planted(Planted::only_the_postmaster_is_killed) ? scaled(1s) : Duration::zero();
    const auto fence = [this, i] {
        Region& fenced = region(i);
        const bool still_good = fenced.page.deadline - timing_.fencer_margin > fenced.server.now() + 1us;
        const bool may = fenced.page.state == PageState::writing || fenced.page.state == PageState::paused;
        if ((still_good && may) || !fenced.database.is_open()) return;
        ++fenced.fences;
        sometimes("the fencer killed a server");
        note("fencer kills the server of " + name_of(i).value());
        fenced.database.kill(planted(Planted::cancelled_wait_counts_as_success));
    };
    if (planted(Planted::only_the_agent_fences)) {
        if (!could_write) fence();
        return;
    }
    here.server.after(could_write ? std::max<Duration>(left, Duration::zero()) + late : late, fence);
}

void World::power_off(std::size_t i) {
    Region& here = region(i);
    note(name_of(i).value() + " is lost");
    for (Process* process : {&here.agent, &here.server, &here.controller, &here.store}) process->kill();
    here.database.kill(planted(Planted::cancelled_wait_counts_as_success));
    here.page = {};
}

void World::power_on(std::size_t i) {
    Region& here = region(i);
    if (here.has_power()) return;
    note(name_of(i).value() + " comes back");
    ++here.boots;
    here.server.start();
    if (planted(Planted::restart_opens_as_it_was) && here.database.exists && !here.database.standby_signal) {
        here.database.running = true;
        here.database.in_recovery = false;
        judge_->opened(i, false);
    }
    start_store(i);
    start_agent(i);
    start_controller(i);
}

void World::suspend(std::size_t i, Duration length) {
    Region& here = region(i);
    if (!here.has_power()) return;
    note("all machines of " + name_of(i).value() + " sleep");
    const TimePoint until = loop_.now() + length;
    for (Process* process : {&here.agent, &here.server, &here.controller, &here.store}) process->pause(until);
    // The mistake: a clock that does not go on while the machine sleeps (CLOCK_MONOTONIC).
    if (planted(Planted::clock_stops_while_suspended))
        clocks_[i].set(until, clocks_[i].read(loop_.now()), scenario_.clock_ppm[i]);
}

void World::set_clock(std::size_t i, Duration ahead, std::int64_t ppm) {
    clocks_[i].set(loop_.now(), clocks_[i].read(loop_.now()) + ahead, ppm);
    Region& here = region(i);
    for (Process* process : {&here.agent, &here.server, &here.controller, &here.store}) process->clock_changed();
}

void World::start_store(std::size_t i) {
    if (region(i).has_power()) region(i).store.start();
}

void World::start_agent(std::size_t i) {
    Region& here = region(i);
    if (!here.has_power() || here.agent.alive()) return;
    here.agent.start();
    agents_[i] = std::make_unique<Agent>(*this, i);
    agents_[i]->start();
}

void World::kill_controller(std::size_t i) {
    region(i).controller.kill();
    note("the controller at " + name_of(i).value() + " is killed");
}

void World::start_controller(std::size_t i) {
    Region& here = region(i);
    if (!here.has_power() || here.controller.alive()) return;
    here.controller.start();
    controllers_[i] = std::make_unique<Controller>(*this, i);
    controllers_[i]->start();
}

void World::restart_controller(std::size_t i) {
    // Not from within one of its own coroutines.
    loop_.after(0ns, [this, i, life = region(i).controller.incarnation()] {
        if (region(i).controller.incarnation() != life) return;
        kill_controller(i);
        loop_.after(restart_takes, [this, i] { start_controller(i); });
    });
}

/// The write-ahead log on its way from an open server to the other region's standby.
void World::stream(std::size_t from, std::size_t to) {
    Database& writer = region(from).database;
    Database& standby = region(to).database;
    const bool listens = standby.running && standby.in_recovery;
    const bool awake = region(from).server.runs() && region(to).server.runs() && !faults_->standby_is_deaf();
    if (writer.is_open() && listens && awake && network_.meets(region(from).server.site(), region(to).server.site())) {
        const bool fits = standby.has_prefix_of(writer) || planted(Planted::follows_without_a_rewind) ||
                          planted(Planted::half_rewound_server_is_started);
        if (fits) {
            const std::size_t at = std::min(standby.log.size(), writer.log.size());
            std::vector<Write> more(writer.log.begin() + static_cast<std::ptrdiff_t>(at), writer.log.end());
            const std::uint64_t epoch = writer.opened_at.value();
            network_.send(region(from).server.site(), region(to).server.site(), [this, from, to, at, more, epoch] {
                Database& target = region(to).database;
                if (!target.running || !target.in_recovery || target.log.size() != at || !region(to).server.runs())
                    return;
                target.log.insert(target.log.end(), more.begin(), more.end());
                target.timeline = region(from).database.timeline;
                target.writer_heard = loop_.now();
                const std::size_t has = target.log.size();
                network_.send(region(to).server.site(), region(from).server.site(), [this, from, has, epoch] {
                    Database& source = region(from).database;
                    if (source.is_open() && source.opened_at.value() == epoch && region(from).server.runs())
                        source.standby_confirms(has, loop_.now());
                });
            });
        }
    }
    loop_.after(scaled(10ms), [this, from, to] { stream(from, to); });
}

// --- the world's life ------------------------------------------------------------------------------------------------

void World::heal() {
    note("everything is healed");
    healed_ = true;
    network_.heal();
    store_.heal();
    faults_->heal();
    const auto& lost = scenario_.stays_lost;
    for (std::size_t i = 0; i < 3; ++i) {
        if (lost && static_cast<std::size_t>(*lost) == i) {
            if (region(i).has_power()) power_off(i);
            continue;
        }
        if (!region(i).has_power()) power_on(i);
        if (!region(i).store.alive()) start_store(i);
        if (!region(i).agent.alive()) start_agent(i);
        if (!region(i).controller.alive()) start_controller(i);
    }
    judge_->watch_recovery();
    loop_.after(scaled(5s), [this] { attend(); });
}

/// A person is there now, and says yes to what is asked; not in the last moments, in which it could not be done.
void World::attend() {
    faults_->a_person_repairs();
    if (Controller* leads = leader(); leads && loop_.now() < end_ - scaled(8s)) leads->approve_all();
    loop_.after(scaled(2s), [this] { attend(); });
}

Verdicts World::run() {
    store_.start();
    for (std::size_t i = 0; i < 3; ++i) {
        region(i).server.start();
        start_store(i);
        start_agent(i);
        start_controller(i);
    }
    customers_->start();
    stream(0, 1);
    stream(1, 0);
    const TimePoint begun = loop_.now() + good_start;
    faults_->schedule(begun);
    const TimePoint healed_at = begun + scenario_.faults_for;
    loop_.run_until(healed_at);
    if (verdicts_.violations.empty()) {
        end_ = healed_at + scenario_.healed_for;
        heal();
        loop_.run_until(end_);
        // Who moves into a region that is lost for good meanwhile has to run into the limits of its steps first.
        for (int more = 0; more < steps_limits && judge_->still_recovers(); ++more) {
            end_ += scaled(20s);
            loop_.run_until(end_);
        }
    }
    if (verdicts_.violations.empty()) judge_->judge_the_end();
    verdicts_.events = loop_.events();
    verdicts_.hash = mixed(verdicts_.hash, loop_.digest());
    verdicts_.simulated = loop_.now() - TimePoint(1000s);
    verdicts_.writable_after = judge_->writable_after();
    return std::move(verdicts_);
}

}  // namespace cloudshelf::sim
