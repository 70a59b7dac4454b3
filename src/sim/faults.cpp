#include "sim/faults.hpp"

#include "sim/agent.hpp"
#include "sim/controller.hpp"
#include "sim/judge.hpp"

#include <algorithm>
#include <cstdlib>

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::int64_t certificate_left_ms = 3'600'000;  // a wall clock further ahead than that ends it

}  // namespace

void Faults::schedule(TimePoint begun) {
    for (const Fault& fault : world_.scenario().faults) {
        if (fault.what == FaultKind::roll_back_store) world_.store().keep_history();
        if (fault.what == FaultKind::change_clock || fault.what == FaultKind::jump_wall_clock) {
            for (std::size_t i = 0; i < 3; ++i) world_.clock(i).may_change();
        }
        if (fault.when) {
            around_steps_.push_back(fault);
        } else {
            world_.loop().at(begun + fault.at, [this, fault] { apply(fault); });
        }
    }
}

void Faults::around_step(const std::string& step, const std::string& execution, bool begins) {
    if (around_steps_.empty() || world_.healed()) return;
    const auto meant = [&](const Fault& fault) {
        return fault.when->step == step && fault.when->begins == begins &&
               execution == "x" + std::to_string(fault.when->execution);
    };
    for (const Fault& fault : around_steps_) {
        if (!meant(fault)) continue;
        world_.sometimes("something went wrong right at a step");
        later(fault.at, [this, fault] { apply(fault); });
    }
    std::erase_if(around_steps_, meant);  // once
}

void Faults::later(Duration after, std::function<void()> what) {
    world_.loop().after(after, [this, what = std::move(what)] {
        if (!world_.healed()) what();
    });
}

void Faults::hold(int& count, Duration lasts) {
    ++count;
    later(lasts, [&count] { --count; });
}

std::vector<std::size_t> Faults::sites_of(Place place) {
    const std::size_t writer = world_.writer();
    switch (place) {
        case Place::all:
            return {0, 1, 2};
        case Place::writer:
            return {writer};
        case Place::standby:
            return {1 - writer};
        case Place::leader: {
            const Controller* leader = world_.leader();
            return {leader ? leader->site() : 2};
        }
        default:
            return {static_cast<std::size_t>(place)};
    }
}

void Faults::apply(const Fault& fault) {
    if (world_.healed()) return;
    const FaultForm& form = form_of(fault.what);
    world_.note("fault: " + std::string(form.name));
    world_.sometimes("fault: " + std::string(form.name));
    for (const std::size_t from : sites_of(fault.site)) {
        if (!form.has_site) break;
        if (!form.has_other) {
            apply_to_site(fault, from);
            continue;
        }
        for (const std::size_t to : sites_of(fault.other)) {
            if (from != to) apply_to_link(fault, from, to);
        }
    }
    if (form.has_site) return;
    const auto amount_ms = std::chrono::milliseconds(std::max<std::int64_t>(fault.amount, 0));
    switch (fault.what) {
        case FaultKind::elect:
            return world_.store().elect();
        case FaultKind::slow_store:
            world_.store().slow_by(amount_ms);
            return later(fault.lasts, [this] { world_.store().slow_by(0ms); });
        case FaultKind::mute_store:
            world_.store().mute(static_cast<std::uint64_t>(std::max<std::int64_t>(fault.amount, 0)));
            return later(fault.lasts, [this] { world_.store().mute(0); });
        case FaultKind::fill_store:
            world_.store().fill(true);
            return later(fault.lasts, [this] { world_.store().fill(false); });
        case FaultKind::roll_back_store:
            world_.judge().assumption_broken("store");
            return world_.store().roll_back(amount_ms);
        case FaultKind::stale_resolvers:
            return hold(stale_resolvers_, fault.lasts);
        case FaultKind::degrade:
            return hold(deaf_, fault.lasts);
        case FaultKind::edit_plan:
            return world_.edit_plan(static_cast<int>(fault.amount));
        case FaultKind::ask_failover:
            return ask("failover", core::AcceptLoss::no, 3);
        case FaultKind::ask_failover_accepting_loss:
            return ask("failover", core::AcceptLoss::yes, 3);
        case FaultKind::ask_failback:
            return ask("failback", core::AcceptLoss::no, 3);
        case FaultKind::approve:
            if (Controller* leader = world_.leader()) leader->approve_all();
            return;
        default:
            return;
    }
}

void Faults::apply_to_link(const Fault& fault, std::size_t from, std::size_t to) {
    Way& there = world_.network().way(static_cast<Site>(from), static_cast<Site>(to));
    Way& back = world_.network().way(static_cast<Site>(to), static_cast<Site>(from));
    const auto ppm = static_cast<std::uint64_t>(std::clamp<std::int64_t>(fault.amount, 0, 1'000'000));
    switch (fault.what) {
        case FaultKind::cut:
            hold(back.cuts, fault.lasts);
            return hold(there.cuts, fault.lasts);
        case FaultKind::cut_one_way:
            return hold(there.cuts, fault.lasts);
        case FaultKind::flap:
            return flap(
                from,
                to,
                std::chrono::milliseconds(std::max<std::int64_t>(fault.amount, 1)),
                world_.loop().now() + fault.lasts
            );
        case FaultKind::stall:
            there.held_until = std::max(there.held_until, world_.loop().now() + fault.lasts);
            return;
        case FaultKind::lose_messages:
            there.lost_ppm = ppm;
            return later(fault.lasts, [&there] { there.lost_ppm = 0; });
        case FaultKind::double_messages:
            there.twice_ppm = ppm;
            return later(fault.lasts, [&there] { there.twice_ppm = 0; });
        case FaultKind::delay_messages:
            there.jitter = std::chrono::milliseconds(std::max<std::int64_t>(fault.amount, 1));
            return later(fault.lasts, [&there] { there.jitter = Way{}.jitter; });
        default:
            return;
    }
}

void Faults::flap(std::size_t from, std::size_t to, Duration half, TimePoint end) {
    if (world_.loop().now() >= end) return;
    hold(world_.network().way(static_cast<Site>(from), static_cast<Site>(to)).cuts, half);
    hold(world_.network().way(static_cast<Site>(to), static_cast<Site>(from)).cuts, half);
    later(2 * half, [this, from, to, half, end] { flap(from, to, half, end); });
}

void Faults::apply_to_site(const Fault& fault, std::size_t site) {
    Region& here = world_.region(site);
    const Site place = static_cast<Site>(site);
    const TimePoint until = world_.loop().now() + fault.lasts;
    switch (fault.what) {
        case FaultKind::lose_site:
            if (!here.has_power()) return;
            world_.power_off(site);
            return later(fault.lasts, [this, site] { world_.power_on(site); });
        case FaultKind::suspend:
            return world_.suspend(site, fault.lasts);
        case FaultKind::isolate:
            for (const std::size_t other : {(site + 1) % 3, (site + 2) % 3}) {
                hold(world_.network().way(place, static_cast<Site>(other)).cuts, fault.lasts);
                hold(world_.network().way(static_cast<Site>(other), place).cuts, fault.lasts);
            }
            return;
        case FaultKind::expire_certificate:
            return hold(world_.network().expired(place), fault.lasts);
        case FaultKind::kill_agent:
            here.agent.kill();
            return later(fault.lasts, [this, site] { world_.start_agent(site); });
        case FaultKind::kill_controller:
            world_.kill_controller(site);
            return later(fault.lasts, [this, site] { world_.start_controller(site); });
        case FaultKind::kill_database:
            if (site < 2) here.database.kill();
            return;
        case FaultKind::kill_store:
            here.store.kill();
            return later(fault.lasts, [this, site] { world_.start_store(site); });
        case FaultKind::pause_agent:
            return here.agent.pause(until);
        case FaultKind::pause_controller:
            return here.controller.pause(until);
        case FaultKind::pause_machine:
            return here.server.pause(until);
        case FaultKind::pause_store:
            return here.store.pause(until);
        case FaultKind::fill_disk:
            return hold(here.disk_full, fault.lasts);
        case FaultKind::tear_epoch:
            torn_[site] = true;
            return;
        case FaultKind::change_clock:
            return change_clock(site, fault.amount, fault.lasts);
        case FaultKind::jump_wall_clock:
            return jump_wall_clock(site, fault.amount, fault.lasts);
        case FaultKind::stop_nameserver:
            return hold(here.nameserver_stops, fault.lasts);
        case FaultKind::stale_command:
            return send_stale_command(site, fault.amount);
        default:
            return;
    }
}

void Faults::change_clock(std::size_t site, std::int64_t ppm, Duration lasts) {
    if (std::abs(ppm) > drift_ppm_max) world_.judge().assumption_broken("clock");
    world_.set_clock(site, 0s, std::max<std::int64_t>(ppm, -1'000'000));
    later(lasts, [this, site] { world_.set_clock(site, 0s, world_.scenario().clock_ppm[site]); });
}

void Faults::jump_wall_clock(std::size_t site, std::int64_t ahead_ms, Duration lasts) {
    // Nothing that decides reads a wall clock. Certificates do: they have ended, or have not begun.
    if (std::abs(ahead_ms) > certificate_left_ms) hold(world_.network().expired(static_cast<Site>(site)), lasts);
    if (!world_.planted(Planted::lease_uses_the_wall_clock)) return;
    world_.set_clock(site, std::chrono::milliseconds(std::abs(ahead_ms)), world_.scenario().clock_ppm[site]);
}

/// Whoever answers that the leader moves first is asked again.
void Faults::ask(const std::string& procedure, core::AcceptLoss accept, int more) {
    Controller* leader = world_.leader();
    const std::string answer = leader ? leader->ask_for(procedure, accept) : "no-leader";
    const bool again = answer == "no-leader" || answer == "leader-moves";
    if (again && more > 0)
        later(world_.scaled(1s), [this, procedure, accept, more] { ask(procedure, accept, more - 1); });
}

/// What a controller that slept through a move, or somebody who forges commands, would send.
void Faults::send_stale_command(std::size_t to, std::int64_t epochs) {
    if (to > 1 || !world_.region(to).agent.alive()) return;
    const auto current = static_cast<std::int64_t>(world_.store().truth().lease.record.epoch.value());
    const auto epoch = static_cast<std::uint64_t>(std::max<std::int64_t>(2, current + epochs));
    const Promotion stale{
        .epoch = Epoch(epoch),
        .fence = {.how = core::FenceHow::lease_ran_out, .epoch = Epoch(epoch - 1)},
        .limit = world_.scaled(2s)
    };
    Process& agent = world_.region(to).agent;
    agent.deliver([this, &agent, to, stale, epoch] {
        agent.spawn([](World& world, std::size_t at, Promotion command, std::uint64_t of) -> Task<> {
            const std::string answer = co_await world.agent(at).promote(command);
            if (!answer.empty()) world.sometimes("a stale command was refused: " + answer);
            if (of < world.store().truth().lease.record.epoch.value()) {
                const std::string names = co_await world.agent(at).change_names(of, 1, at);
                if (names == "stale-epoch") world.sometimes("a stale change of names was refused");
            }
        }(world_, to, stale, epoch));
    });
}

void Faults::heal() {
    deaf_ = 0;
    stale_resolvers_ = 0;
    around_steps_.clear();
    for (std::size_t i = 0; i < 3; ++i) {
        world_.region(i).disk_full = 0;
        world_.region(i).nameserver_stops = 0;
        world_.set_clock(i, 0s, world_.scenario().clock_ppm[i]);
    }
}

void Faults::a_person_repairs() {
    for (std::size_t i = 0; i < 2; ++i) {
        if (!std::exchange(torn_[i], false)) continue;
        world_.sometimes("a person repaired a torn epoch");
        const Epoch epoch = world_.store().truth().lease.record.epoch;
        world_.region(i).known = {.newest = epoch};
        world_.judge().a_person_set_epoch(i, epoch);
        world_.region(i).agent.kill();
        world_.start_agent(i);
    }
}

}  // namespace cloudshelf::sim
