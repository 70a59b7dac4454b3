#include "sim/world.hpp"

#include "sim/agent.hpp"
#include "sim/controller.hpp"
#include "sim/customers.hpp"
#include "sim/faults.hpp"

#include <fmt/format.h>

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

constexpr int drift_ppm = 50'000;

/// The `lan` profile, in worlds whose clocks differ by up to 5 %, so that a margin forgotten anywhere shows.
core::Timing timing_of_worlds() {
    core::Timing timing = *core::built_in_timing("lan");
    timing.drift_ppm = drift_ppm;
    timing.fencer_margin = 1ms;
    return timing;
}

}  // namespace

World::World(Scenario scenario)
    : scenario_(scenario),
      random_(scenario.seed),
      network_(loop_, random_),
      timing_(timing_of_worlds()),
      terms_{.duration = timing_.lease, .beat = timing_.beat, .drift_ppm_max = timing_.drift_ppm},
      controller_process_(loop_, Site::witness, draw_clock()) {
    for (std::size_t i = 0; i < 3; ++i)
        regions_[i] = std::make_unique<Region>(loop_, static_cast<Site>(i), draw_clock());
    store_.lease = {.region = name_of(0), .epoch = Epoch(1), .sync = core::Sync::degraded};
    for (std::size_t i = 0; i < 2; ++i) {
        Database& database = region(i).database;
        database.exists = true;
        database.system_id = 7;
        database.standby_signal = i == 1;
    }
    customers_ = std::make_unique<Customers>(*this);
}

World::~World() {
    // Coroutines end while everything that they look at is still there.
    loop_.clear();
    for (auto& region : regions_) {
        region->agent.kill();
        region->server.kill();
    }
    controller_process_.kill();
    customers_.reset();
}

RegionName World::name_of(std::size_t i) {
    static const std::array names{RegionName("us-east-1"), RegionName("us-west-2"), RegionName("us-east-2")};
    return names[i];
}

Clock World::draw_clock() {
    // Every second clock is as wrong as it may be.
    const double any = static_cast<double>(random_.below(2 * drift_ppm + 1)) - drift_ppm;
    const double worst = random_.below(2) == 0 ? drift_ppm : -drift_ppm;
    const double ppm = random_.below(2) == 0 ? any : worst;
    return {.speed = 1 + ppm / 1e6, .ahead = std::chrono::seconds(random_.below(1000))};
}

void World::violate(const std::string& what) {
    note("VIOLATION " + what);
    if (std::ranges::find(verdicts_.violations, what) == verdicts_.violations.end())
        verdicts_.violations.push_back(what);
    loop_.stop();
}

void World::note(const std::string& what) {
    if (!scenario_.trace) return;
    verdicts_.trace.push_back(fmt::format(
        "{:10.3f} ms  {}", std::chrono::duration<double, std::milli>(loop_.now() - TimePoint(1000s)).count(), what
    ));
}

// --- machines ------------------------------------------------------------------------------------------------------

void World::write_page(std::size_t i, PageState state, Epoch epoch, TimePoint deadline) {
    Region& here = region(i);
    here.page = {.state = state, .epoch = epoch, .deadline = deadline};
    // The fencer: a margin before the deadline every process of the cluster is gone, whoever sleeps.
    const bool could_write = state == PageState::writing || state == PageState::paused;
    const Duration left = deadline - fencer_margin() - here.server.now();
    const Duration late = planted(Planted::only_the_postmaster_is_killed) ? 1s : Duration::zero();
    const auto fence = [this, i] {
        Region& fenced = region(i);
        const bool still_good = fenced.page.deadline - fencer_margin() > fenced.server.now() + 1us;
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

void World::opened(std::size_t i) {
    note("server opens in " + name_of(i).value() + " at epoch " + std::to_string(region(i).database.opened_at.value()));
    check_writers();
}

void World::check_writers() {
    if (region(0).database.is_open() && region(1).database.is_open())
        violate("writers: the servers of both regions are open at once");
}

void World::power_off(std::size_t i) {
    Region& here = region(i);
    note(name_of(i).value() + " is lost");
    here.agent.kill();
    here.server.kill();
    here.database.kill(planted(Planted::cancelled_wait_counts_as_success));
    here.page = {};
}

void World::power_on(std::size_t i) {
    Region& here = region(i);
    if (here.has_power()) return;
    note(name_of(i).value() + " comes back");
    here.server.start();
    if (planted(Planted::restart_opens_as_it_was) && here.database.exists && !here.database.standby_signal) {
        here.database.running = true;
        here.database.in_recovery = false;
        opened(i);
    }
    start_agent(i);
}

void World::start_agent(std::size_t i) {
    Region& here = region(i);
    if (!here.has_power() || here.agent.alive()) return;
    here.agent.start();
    agents_[i] = std::make_unique<Agent>(*this, i);
    agents_[i]->start();
}

void World::kill_controller() {
    controller_process_.kill();
    note("the controller is killed");
}

void World::start_controller() {
    if (controller_process_.alive()) return;
    controller_process_.start();
    controller_ = std::make_unique<Controller>(*this);
    controller_->start();
}

/// The write-ahead log on its way from an open server to the other region's standby.
void World::stream(std::size_t from, std::size_t to) {
    Database& writer = region(from).database;
    Database& standby = region(to).database;
    const bool listens = standby.running && standby.in_recovery;
    if (writer.is_open() && listens && network_.meets(region(from).server.site(), region(to).server.site())) {
        const bool fits = standby.has_prefix_of(writer) || planted(Planted::follows_without_a_rewind) ||
                          planted(Planted::half_rewound_server_is_started);
        if (fits) {
            const std::size_t at = std::min(standby.log.size(), writer.log.size());
            std::vector<Write> more(writer.log.begin() + static_cast<std::ptrdiff_t>(at), writer.log.end());
            const std::uint64_t epoch = writer.opened_at.value();
            network_.send(region(from).server.site(), region(to).server.site(), [this, from, to, at, more, epoch] {
                Database& target = region(to).database;
                if (!target.running || !target.in_recovery || target.log.size() != at) return;
                target.log.insert(target.log.end(), more.begin(), more.end());
                target.timeline = region(from).database.timeline;
                target.writer_heard = loop_.now();
                const std::size_t has = target.log.size();
                network_.send(region(to).server.site(), region(from).server.site(), [this, from, has, epoch] {
                    Database& source = region(from).database;
                    if (source.is_open() && source.opened_at.value() == epoch)
                        source.standby_confirms(has, loop_.now());
                });
            });
        }
    }
    loop_.after(10ms, [this, from, to] { stream(from, to); });
}

// --- what must hold --------------------------------------------------------------------------------------------------

void World::acknowledged(const Write& write, bool promised) {
    acknowledged_.push_back({write, promised, loop_.now()});
}

void World::renamed(std::size_t site, Nameserver before) {
    const Nameserver& names = region(site).names;
    note(fmt::format(
        "names at {} point to {} ({}.{})",
        name_of(site).value(),
        names.points_to ? name_of(*names.points_to).value() : "nothing",
        names.epoch,
        names.change
    ));
    if (!names.points_to) violate("names: the last answer of a name was removed");
    if (std::pair(names.epoch, names.change) < std::pair(before.epoch, before.change))
        violate("names: a zone went back to an older version");
}

void World::check_end() {
    const core::LeaseRecord& lease = store_.lease;
    const std::size_t writer = index_of(lease.region);
    const Database& database = region(writer).database;
    if (!controller_ || !controller_process_.alive()) return violate("liveness: the controller does not run");
    for (const auto& [id, execution] : controller_->executions()) {
        if (!execution.ended() && !execution.waits_for_approval())
            violate("executions: " + id + " neither ended nor waits for a person");
    }
    if (!database.is_open()) return violate("liveness: nobody writes though everything is healed");
    if (loop_.now() - customers_->last_success() > 2s) violate("liveness: customers are not served");
    const Database& standby = region(1 - writer).database;
    if (!standby.running || !standby.in_recovery) return violate("protection: there is no standby");
    const auto same = [](const Write& a, const Write& b) { return a.id == b.id; };
    const bool copy = standby.log.size() <= database.log.size() &&
                      std::equal(standby.log.begin(), standby.log.end(), database.log.begin(), same);
    if (!copy) return violate("convergence: the standby is not a copy of the writer");
    if (lease.sync != core::Sync::in_step) violate("protection: the standby is not in step");
    for (std::size_t i = 0; i < 3; ++i) {
        if (region(i).names.points_to != writer)
            violate("names: " + name_of(i).value() + " does not point to the writer");
    }
    std::set<std::uint64_t> present;
    for (const Write& write : database.log) present.insert(write.id);
    std::uint64_t lost = 0;
    for (const auto& one : acknowledged_) {
        if (present.contains(one.write.id)) continue;
        ++lost;
        if (!one.write.order || loss_accepted_) continue;
        violate(fmt::format(
            "loss: order {}, acknowledged at epoch {} {}, is gone",
            one.write.id,
            one.write.epoch,
            one.promised ? "under the synchronous promise" : "while degraded, and nobody accepted that"
        ));
        break;
    }
    if (lost > 0) sometimes("asynchronous writes were lost");
    if (lease.epoch > Epoch(1)) sometimes("the writer moved");
    const bool quiet = scenario_.kind != Scenario::Kind::rough;
    if (quiet && !controller_->executions().empty()) violate("false move: nothing was lost");
    if (quiet && region(0).fences + region(1).fences > 0) violate("false fence: nothing was lost");
}

Verdicts World::run() {
    for (std::size_t i = 0; i < 2; ++i) region(i).server.start();
    region(2).server.start();
    start_controller();
    for (std::size_t i = 0; i < 2; ++i) start_agent(i);
    customers_->start();
    stream(0, 1);
    stream(1, 0);
    const TimePoint begun = loop_.now();
    loop_.run_until(begun + 3s);  // a good start
    Faults faults(*this);
    faults.plan(begun + 3s + scenario_.faults_for);
    loop_.run_until(begun + 3s + scenario_.faults_for);
    faults.heal();
    healed_ = true;
    // A person is there now, and says yes to what is asked.
    for (Duration waited = 5s; waited < scenario_.healed_for - 8s; waited += 2s) {
        loop_.at(begun + 3s + scenario_.faults_for + waited, [this] {
            if (controller_process_.alive()) controller_->approve_all();
        });
    }
    loop_.run_until(begun + 3s + scenario_.faults_for + scenario_.healed_for);
    if (verdicts_.violations.empty()) check_end();
    verdicts_.events = loop_.events();
    return std::move(verdicts_);
}

}  // namespace cloudshelf::sim
