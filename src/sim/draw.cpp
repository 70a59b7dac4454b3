#include "sim/draw.hpp"

#include "base/random.hpp"
#include "core/procedures.hpp"
#include "sim/plan_editions.hpp"
#include "sim/worst_moments.hpp"

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

using Kind = FaultKind;
using std::chrono::milliseconds;

class Artist {
public:
    explicit Artist(std::uint64_t seed) : random_(seed), seed_(seed) {}

    Scenario draw() {
        scenario_.seed = seed_;
        for (auto& ppm : scenario_.clock_ppm) ppm = draw_clock();
        const bool around_one_moment = seed_ % 5 == 2;
        if (around_one_moment) {
            draw_worst_moment(scenario_, random_);
        } else if (seed_ % 4 == 3) {
            scenario_.profile = "wan";
        }
        const bool ten_minutes = scenario_.profile == "wan";
        scale_ = ten_minutes ? 10 : 1;
        scenario_.faults_for = ten_minutes ? 250s : 20s;
        scenario_.healed_for = ten_minutes ? 350s : 30s;
        if (around_one_moment) return std::move(scenario_);
        if (seed_ % 10 == 0) {
            calm();
        } else if (seed_ % 10 == 5) {
            mild();
        } else {
            rough();
        }
        return std::move(scenario_);
    }

private:
    // --- small things ---
    bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
    Duration up_to(Duration longest) { return milliseconds(random_.below(static_cast<std::uint64_t>(longest / 1ms))); }
    /// In the profile's measure.
    Duration scaled_up_to(Duration longest) { return up_to(longest * scale_); }
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return least + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most - least) + 1));
    }
    Place region() { return static_cast<Place>(random_.below(2)); }
    Place any_site() { return static_cast<Place>(random_.below(3)); }
    Place another(Place site) {
        return static_cast<Place>((static_cast<std::uint64_t>(site) + 1 + random_.below(2)) % 3);
    }
    Place controller() { return one_in(2) ? Place::leader : any_site(); }
    void add(Fault fault) { scenario_.add(std::move(fault)); }

    /// Again and again, at random times about that far apart.
    template <class What>
    void at_times(Duration apart, What what) {
        for (Duration at = scaled_up_to(2 * apart); at < scenario_.faults_for; at += 1ms + scaled_up_to(2 * apart))
            what(at);
    }

    std::int64_t draw_clock() {
        // Every second clock is as wrong as it may be.
        const auto any = between(-drift_ppm_max, drift_ppm_max);
        const auto worst = drift_ppm_max * (one_in(2) ? 1 : -1);
        return one_in(2) ? any : worst;
    }

    // --- worlds ---
    void calm() {
        scenario_.expect = {Expectation::nothing_moves, Expectation::nobody_is_fenced};
        at_times(2s, [this](Duration at) {
            const Kind kinds[] = {Kind::pause_agent, Kind::pause_controller, Kind::pause_machine, Kind::pause_store};
            const Kind kind = kinds[random_.below(4)];
            const bool regional = kind == Kind::pause_agent || kind == Kind::pause_machine;
            add({.what = kind, .at = at, .site = regional ? region() : any_site(), .lasts = 200ms * scale_});
        });
    }

    /// One thing at a time, and time enough until all is in step again: nothing may move.
    void mild() {
        scenario_.expect = {Expectation::nothing_moves, Expectation::nobody_is_fenced};
        for (Duration at = scaled_up_to(8s); at < scenario_.faults_for;) {
            const Duration lasts = 1ms + scaled_up_to(4s);
            const Place site = any_site();
            if (one_in(2)) {
                add({.what = Kind::pause_controller, .at = at, .site = controller(), .lasts = lasts});
            } else {
                add({.what = Kind::cut, .at = at, .site = site, .other = another(site), .lasts = lasts});
            }
            at += lasts + 5s * scale_ + scaled_up_to(4s);
        }
    }

    /// Few kinds of trouble at a time, so that each is met alone, too.
    void rough() {
        // The first writer's clock as slow, and everybody else's as fast as they may be: then no margin is too much.
        if (one_in(4)) scenario_.clock_ppm = {-drift_ppm_max, drift_ppm_max, drift_ppm_max};
        at_times(2s, [this](Duration at) { pause(at); });
        if (one_in(2)) at_times(8s, [this](Duration at) { lose(at, one_in(6) ? any_site() : region()); });
        if (one_in(2)) at_times(4s, [this](Duration at) { cut(at); });
        if (one_in(2))
            at_times(5s, [this](Duration at) {
                add({.what = Kind::kill_agent, .at = at, .site = region(), .lasts = 100ms + scaled_up_to(500ms)});
            });
        if (one_in(2))
            at_times(6s, [this](Duration at) {
                add({.what = Kind::kill_controller, .at = at, .site = controller(), .lasts = 100ms + scaled_up_to(5s)});
            });
        if (one_in(2))
            at_times(6s, [this](Duration at) { add({.what = Kind::kill_database, .at = at, .site = region()}); });
        if (one_in(2)) noise();
        if (one_in(3)) at_times(6s, [this](Duration at) { trouble_the_store(at); });
        if (one_in(2)) at_times(7s, [this](Duration at) { operate(at); });
        if (one_in(2)) at_times(5s, [this](Duration at) { forge(at); });
        if (one_in(2)) at_times(10s, [this](Duration at) { worst_moment(at); });
        if (one_in(2)) around_steps();
        if (one_in(4)) at_times(8s, [this](Duration at) { trouble_names(at); });
        if (one_in(5)) at_times(10s, [this](Duration at) { trouble_disks(at); });
        if (one_in(5)) at_times(8s, [this](Duration at) { trouble_time(at); });
        if (one_in(6))
            at_times(8s, [this](Duration at) {
                add({.what = Kind::expire_certificate, .at = at, .site = any_site(), .lasts = 1ms + scaled_up_to(6s)});
            });
        if (one_in(6))
            at_times(10s, [this](Duration at) {
                add(
                    {.what = Kind::edit_plan,
                     .at = at,
                     .amount = static_cast<std::int64_t>(random_.below(plan_editions))}
                );
            });
        if (one_in(6))
            at_times(8s, [this](Duration at) { add({.what = Kind::degrade, .at = at, .lasts = scaled_up_to(5s)}); });
        if (one_in(40)) beyond_what_is_assumed();
        if (one_in(5)) scenario_.stays_lost = any_site();
    }

    void pause(Duration at) {
        const Duration lasts = 1ms + (one_in(4) ? scaled_up_to(6s) : scaled_up_to(800ms));
        if (one_in(2)) {
            add({.what = Kind::pause_agent, .at = at, .site = region(), .lasts = lasts});
        } else {
            add({.what = Kind::pause_controller, .at = at, .site = controller(), .lasts = lasts});
        }
    }

    void lose(Duration at, Place site) {
        add({.what = Kind::lose_site, .at = at, .site = site, .lasts = 200ms + scaled_up_to(10s)});
    }

    void cut(Duration at) {
        const Place site = any_site();
        const Place other = another(site);
        const Duration lasts = 1ms + (one_in(3) ? scaled_up_to(8s) : scaled_up_to(1500ms));
        switch (random_.below(7)) {
            case 0:
                return add({.what = Kind::cut_one_way, .at = at, .site = site, .other = other, .lasts = lasts});
            case 1:
                return add({.what = Kind::isolate, .at = at, .site = site, .lasts = lasts});
            case 2:
                return add(
                    {.what = Kind::flap,
                     .at = at,
                     .site = site,
                     .other = other,
                     .lasts = lasts,
                     .amount = static_cast<std::int64_t>(10 + random_.below(600)) * scale_}
                );
            case 3:
                return add({.what = Kind::stall, .at = at, .site = site, .other = other, .lasts = lasts});
            default:
                return add({.what = Kind::cut, .at = at, .site = site, .other = other, .lasts = lasts});
        }
    }

    /// Messages are lost, late, doubled and overtake one another, from the beginning.
    void noise() {
        const Duration lasts = scenario_.faults_for;
        add({.what = Kind::lose_messages, .site = Place::all, .other = Place::all, .lasts = lasts, .amount = 20'000});
        add({.what = Kind::double_messages, .site = Place::all, .other = Place::all, .lasts = lasts, .amount = 50'000});
        for (std::size_t site = 0; site < 3; ++site) {
            const auto most = static_cast<std::int64_t>(1 + random_.below(one_in(3) ? 280 : 60));
            add(
                {.what = Kind::delay_messages,
                 .site = static_cast<Place>(site),
                 .other = Place::all,
                 .lasts = lasts,
                 .amount = most}
            );
        }
    }

    void trouble_the_store(Duration at) {
        const Duration lasts = 1ms + scaled_up_to(4s);
        switch (random_.below(6)) {
            case 0:
                return add({.what = Kind::kill_store, .at = at, .site = any_site(), .lasts = lasts});
            case 1:  // the quorum
                add({.what = Kind::kill_store, .at = at, .site = Place::us_east_1, .lasts = lasts});
                return add({.what = Kind::kill_store, .at = at, .site = Place::us_east_2, .lasts = lasts});
            case 2:
                return add({.what = Kind::pause_store, .at = at, .site = any_site(), .lasts = lasts});
            case 3:
                return add(
                    {.what = Kind::slow_store,
                     .at = at,
                     .lasts = lasts,
                     .amount = static_cast<std::int64_t>(1 + random_.below(400)) * scale_}
                );
            case 4:
                return add(
                    {.what = Kind::mute_store,
                     .at = at,
                     .lasts = lasts,
                     .amount = static_cast<std::int64_t>(1'000 + random_.below(700'000))}
                );
            default:
                if (one_in(2)) return add({.what = Kind::elect, .at = at});
                return add({.what = Kind::fill_store, .at = at, .lasts = lasts});
        }
    }

    /// A person at three in the morning: moves it, moves it twice, moves it there and back, approves late.
    void operate(Duration at) {
        switch (random_.below(5)) {
            case 0:
                return add({.what = Kind::ask_failback, .at = at});
            case 1:
                add({.what = Kind::ask_failover, .at = at});
                return add({.what = Kind::ask_failover, .at = at});
            case 2:
                if (one_in(3)) add({.what = Kind::ask_failover_accepting_loss, .at = at});
                return;
            case 3:
                add({.what = Kind::ask_failover, .at = at});
                return add({.what = Kind::ask_failback, .at = at + scaled_up_to(1500ms)});
            default:
                if (one_in(2)) add({.what = Kind::approve, .at = at});
        }
    }

    void forge(Duration at) {
        add(
            {.what = Kind::stale_command,
             .at = at,
             .site = region(),
             .amount = 2 - static_cast<std::int64_t>(random_.below(4))}
        );
    }

    void trouble_names(Duration at) {
        const Duration lasts = 1ms + scaled_up_to(8s);
        if (one_in(2)) return add({.what = Kind::stale_resolvers, .at = at, .lasts = lasts});
        add({.what = Kind::stop_nameserver, .at = at, .site = any_site(), .lasts = lasts});
    }

    void trouble_disks(Duration at) {
        const Place site = region();
        if (one_in(3)) {  // found when it is started again
            add({.what = Kind::tear_epoch, .at = at, .site = site});
            return add({.what = Kind::kill_agent, .at = at + scaled_up_to(2s), .site = site, .lasts = 100ms});
        }
        add({.what = Kind::fill_disk, .at = at, .site = site, .lasts = 1ms + scaled_up_to(8s)});
        if (one_in(2)) add({.what = Kind::kill_agent, .at = at + scaled_up_to(4s), .site = site, .lasts = 100ms});
    }

    void trouble_time(Duration at) {
        const Duration lasts = 1ms + scaled_up_to(8s);
        const auto either_way = [this](std::int64_t most) { return between(-most, most); };
        switch (random_.below(4)) {
            case 0:
                return add(
                    {.what = Kind::jump_wall_clock,
                     .at = at,
                     .site = any_site(),
                     .lasts = lasts,
                     .amount = either_way(one_in(4) ? 8'000'000 : 10'000)}
                );
            case 1:
                return add(
                    {.what = Kind::change_clock,
                     .at = at,
                     .site = any_site(),
                     .lasts = lasts,
                     .amount = either_way(drift_ppm_max)}
                );
            default:
                return add(
                    {.what = Kind::suspend, .at = at, .site = one_in(2) ? Place::writer : any_site(), .lasts = lasts}
                );
        }
    }

    void beyond_what_is_assumed() {
        const Duration at = scaled_up_to(15s);
        if (one_in(2)) {
            const std::int64_t speeds[] = {-1'000'000, -300'000, 80'000, 400'000};
            return add(
                {.what = Kind::change_clock,
                 .at = at,
                 .site = any_site(),
                 .lasts = scaled_up_to(8s),
                 .amount = speeds[random_.below(4)]}
            );
        }
        add(
            {.what = Kind::roll_back_store,
             .at = at,
             .amount = static_cast<std::int64_t>(200 + random_.below(8'000)) * scale_}
        );
        if (one_in(2)) add({.what = Kind::kill_controller, .at = at + 10ms, .site = Place::leader, .lasts = 100ms});
    }

    /// The worst moments are right before and right after a step.
    void around_steps() {
        std::vector<std::string> steps;
        for (const auto& procedure : {core::reference_failover(), core::reference_failback()}) {
            for (const auto& step : procedure.steps) steps.push_back(step.name);
        }
        const std::uint64_t many = 2 + random_.below(8);
        for (std::uint64_t i = 0; i < many; ++i) {
            Fault fault{.at = one_in(2) ? 0ms : scaled_up_to(60ms)};
            fault.when = StepMoment{
                .step = steps[random_.below(steps.size())], .execution = 1 + random_.below(3), .begins = one_in(2)
            };
            struct Aim {
                Kind what;
                Place site;
                Duration longest;
            };
            const Aim aims[] = {
                {Kind::kill_controller, Place::leader, 2s},
                {Kind::kill_controller, Place::leader, 300ms},
                {Kind::pause_controller, Place::leader, 6s},
                {Kind::isolate, Place::leader, 5s},
                {Kind::lose_site, Place::leader, 8s},
                {Kind::lose_site, Place::writer, 8s},
                {Kind::lose_site, Place::standby, 8s},
                {Kind::kill_agent, Place::standby, 500ms},
                {Kind::pause_agent, Place::writer, 4s},
                {Kind::kill_database, Place::writer, 0s},
                {Kind::elect, Place::all, 0s},
            };
            const Aim& aim = aims[random_.below(std::size(aims))];
            fault.what = aim.what;
            fault.site = aim.site;
            fault.lasts = aim.longest > 0s ? 50ms + scaled_up_to(aim.longest) : 0s;
            add(std::move(fault));
        }
    }

    /// The writer lives by promises alone, and who promised restarts while it is being promoted: before it has written
    /// its new epoch down, or right after.
    void live_by_promises(Duration at) {
        const Duration lasts = 4s * scale_;
        add({.what = Kind::cut, .at = at, .site = Place::writer, .other = Place::us_east_2, .lasts = lasts});
        add({.what = Kind::kill_controller, .at = at, .site = Place::writer, .lasts = lasts});
        add({.what = Kind::kill_controller, .at = at, .site = Place::standby, .lasts = lasts});
        if (one_in(3)) add({.what = Kind::fill_disk, .at = at, .site = Place::standby, .lasts = lasts});
        const bool tears = one_in(3);
        const bool before = one_in(2);
        for (const std::uint64_t execution : {1, 2}) {
            // The lease is taken by then: it names the region that is to be promoted.
            Fault kill{.what = Kind::kill_agent, .at = 0ms, .site = Place::writer, .lasts = 1ms};
            kill.when = StepMoment{.step = "fence-old-writer", .execution = execution, .begins = false};
            if (!before) {
                kill.at = 5ms + up_to(20ms);
                kill.when = StepMoment{.step = "promote-database", .execution = execution, .begins = true};
            }
            Fault tear{.what = Kind::tear_epoch, .at = kill.at, .when = kill.when, .site = Place::writer};
            if (tears) add(std::move(tear));
            add(std::move(kill));
        }
        add({.what = Kind::ask_failover_accepting_loss, .at = at + 1s * scale_ + scaled_up_to(1s)});
    }

    /// Several things in the order in which they hurt most.
    void worst_moment(Duration at) {
        switch (random_.below(7)) {
            case 0: {  // first the regions lose each other, then the writer loses the store, then somebody moves it
                const Duration apart = 700ms * scale_ + scaled_up_to(1s);
                add(
                    {.what = Kind::cut,
                     .at = at,
                     .site = Place::us_east_1,
                     .other = Place::us_west_2,
                     .lasts = 4s * scale_}
                );
                // Where its own controller is dead the writer renews through the leader, which sees it at once.
                if (!one_in(3))
                    add({.what = Kind::kill_controller, .at = at, .site = Place::writer, .lasts = 5s * scale_});
                // The last answer that it hears is a late one.
                if (one_in(2))
                    add(
                        {.what = Kind::delay_messages,
                         .at = at + apart - 120ms * scale_,
                         .site = Place::us_east_2,
                         .other = Place::writer,
                         .lasts = 300ms * scale_,
                         .amount = 150}
                    );
                add({.what = Kind::isolate, .at = at + apart, .site = Place::writer, .lasts = 3s * scale_});
                return add({.what = Kind::ask_failover_accepting_loss, .at = at + apart + 10ms + scaled_up_to(200ms)});
            }
            case 1:
                return live_by_promises(at);
            case 2:  // the standby degrades just before the writer is lost
                add({.what = one_in(2) ? Kind::degrade : Kind::cut, .at = at, .lasts = 2s * scale_ + scaled_up_to(2s)});
                return lose(at + 500ms * scale_ + scaled_up_to(2500ms), Place::writer);
            case 3: {  // the old writer is being rebuilt when the new one is lost, and somebody moves it back
                const Duration back = 3s * scale_ + scaled_up_to(1s);
                const Place first = one_in(3) ? Place::us_west_2 : Place::us_east_1;
                const Place second = first == Place::us_east_1 ? Place::us_west_2 : Place::us_east_1;
                add({.what = Kind::lose_site, .at = at, .site = first, .lasts = back});
                const Duration rebuilt = back + scaled_up_to(600ms);
                if (one_in(2)) return add({.what = Kind::kill_agent, .at = at + rebuilt, .site = first, .lasts = 1ms});
                lose(at + rebuilt, second);
                return add({.what = Kind::ask_failover_accepting_loss, .at = at + rebuilt + scaled_up_to(1500ms)});
            }
            case 4: {  // the writer sleeps through a whole move
                add({.what = Kind::suspend, .at = at, .site = Place::writer, .lasts = 2s * scale_ + scaled_up_to(5s)});
                if (one_in(2)) add({.what = Kind::ask_failover_accepting_loss, .at = at + scaled_up_to(2s)});
                return;
            }
            case 5:  // the same region again and again
                for (int i = 0; i < 6; ++i)
                    add(
                        {.what = Kind::lose_site,
                         .at = at + i * 1500ms * scale_ + scaled_up_to(800ms),
                         .site = Place::writer,
                         .lasts = 300ms * scale_ + scaled_up_to(600ms)}
                    );
                return add(
                    {.what = Kind::kill_controller, .at = at + scaled_up_to(6s), .site = Place::leader, .lasts = 50ms}
                );
            default: {  // a switchover, and something dies in the middle of it
                add({.what = Kind::ask_failback, .at = at});
                const Duration middle = at + scaled_up_to(400ms);
                switch (random_.below(4)) {
                    case 0:
                        return lose(middle, Place::writer);
                    case 1:
                        return lose(middle, Place::standby);
                    case 2:
                        return add(
                            {.what = Kind::kill_controller,
                             .at = middle,
                             .site = Place::leader,
                             .lasts = 1ms + scaled_up_to(2s)}
                        );
                    default:
                        return add(
                            {.what = Kind::pause_agent,
                             .at = middle,
                             .site = Place::writer,
                             .lasts = 1ms + scaled_up_to(3s)}
                        );
                }
            }
        }
    }

    Random random_;
    std::uint64_t seed_;
    Scenario scenario_;
    int scale_ = 1;
};

}  // namespace

Scenario draw_scenario(std::uint64_t seed) {
    return Artist(seed).draw();
}

}  // namespace cloudshelf::sim
