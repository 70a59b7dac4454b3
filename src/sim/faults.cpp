#include "sim/faults.hpp"

#include "sim/controller.hpp"

namespace cloudshelf::sim {

using namespace std::chrono_literals;

Duration Faults::up_to(Duration longest) {
    return Duration(static_cast<std::int64_t>(world_.random().below(static_cast<std::uint64_t>(longest.count()))));
}

/// Again and again, at random times about that far apart.
void Faults::at_random(TimePoint end, Duration apart, std::function<void()> what) {
    const TimePoint when = world_.loop().now() + up_to(2 * apart);
    if (when >= end) return;
    world_.loop().at(when, [this, end, apart, what] {
        what();
        at_random(end, apart, what);
    });
}

void Faults::plan(TimePoint end) {
    Random& random = world_.random();
    using Kind = Scenario::Kind;
    const Kind kind = world_.scenario().kind;
    // Pauses of any process, as a busy machine has them.
    if (kind != Kind::mild) {
        at_random(end, 2s, [this, &random, kind] {
            Process* victims[] = {
                &world_.region(random.below(2)).agent,
                &world_.controller_process(),
                &world_.region(random.below(2)).server,
            };
            // A fencer that slept for long could not kill: its page's other reader, the gateway, sleeps with it here.
            Process& victim = *victims[random.below(kind == Kind::calm ? 3 : 2)];
            const Duration length = kind == Kind::calm ? 200ms : random.below(4) == 0 ? up_to(6s) : up_to(800ms);
            victim.pause(world_.loop().now() + length);
            if (length > 1s) world_.sometimes("a process slept for seconds");
        });
    }
    if (kind == Kind::calm) return;
    if (kind == Kind::mild) {
        at_random(end, 4s, [this] { something_mild(); });
        return;
    }
    // Which kinds of trouble this world has: few at a time, so that each is met alone, too.
    const auto draws = [&random] { return random.below(2) == 0; };
    if (draws()) at_random(end, 8s, [this, &random] { lose_region(random.below(2)); });
    if (draws()) at_random(end, 4s, [this] { cut_something(); });
    if (draws()) {
        at_random(end, 5s, [this, &random] {
            const std::size_t i = random.below(2);
            if (!world_.region(i).has_power()) return;
            world_.region(i).agent.kill();
            world_.loop().after(100ms + up_to(500ms), [this, i] { world_.start_agent(i); });
        });
    }
    if (draws()) {
        at_random(end, 6s, [this] {
            world_.kill_controller();
            world_.loop().after(100ms + up_to(5s), [this] { world_.start_controller(); });
        });
    }
    if (draws()) {  // PostgreSQL alone dies
        at_random(end, 6s, [this, &random] { world_.region(random.below(2)).database.kill(); });
    }
    if (draws()) {  // messages are lost, late and doubled
        for (std::size_t a = 0; a < 3; ++a) {
            for (std::size_t b = 0; b < 3; ++b) {
                Way& way = world_.network().way(static_cast<Site>(a), static_cast<Site>(b));
                way.lost = 0.02;
                way.twice = 0.05;
                way.jitter = (random.below(3) == 0 ? up_to(280ms) : up_to(60ms)) + 1ms;
            }
        }
    }
    if (draws()) {
        at_random(end, 10s, [this] {
            world_.store().full = true;
            world_.loop().after(up_to(4s), [this] { world_.store().full = false; });
        });
    }
    if (draws()) at_random(end, 7s, [this] { operate(); });
    if (draws()) at_random(end, 5s, [this] { send_stale_command(); });
    if (draws()) at_random(end, 10s, [this] { worst_moment(); });
}

void Faults::person_fails_over(Duration after) {
    world_.loop().after(after, [this] {
        if (world_.controller_process().alive()) world_.controller()->ask_for("failover", core::AcceptLoss::yes);
    });
}

void Faults::worst_moment() {
    Network& network = world_.network();
    const std::size_t writer = World::index_of(world_.store().lease.region);
    const Site site = static_cast<Site>(writer);
    const Site other = static_cast<Site>(1 - writer);
    const auto cut = [&](Site a, Site b, Duration after, Duration length) {
        world_.loop().after(after, [&network, a, b] { network.way(a, b).cut = network.way(b, a).cut = true; });
        world_.loop().after(after + length, [&network, a, b] {
            network.way(a, b).cut = network.way(b, a).cut = false;
        });
    };
    switch (world_.random().below(5)) {
        case 0: {  // first the regions lose each other, then the writer loses the store, then somebody moves it
            world_.sometimes("worst moment: the promises end, then the store");
            const Duration apart = 700ms + up_to(1s);
            // The last answer that the writer hears is a late one.
            network.way(Site::witness, site).jitter = 280ms;
            world_.loop().after(apart + 4s, [&network, site] { network.way(Site::witness, site).jitter = 1ms; });
            cut(site, other, 0ms, 4s);
            cut(site, Site::witness, apart, 3s);
            if (world_.random().below(2) == 0) {
                world_.loop().after(apart + up_to(200ms), [this] {
                    world_.kill_controller();
                    world_.start_controller();
                });
            }
            person_fails_over(apart + 10ms + up_to(500ms));
            break;
        }
        case 1: {  // the writer lives by promises alone, and who promised restarts
            world_.sometimes("worst moment: who promised restarts");
            cut(site, Site::witness, 0ms, 4s);
            const Duration when = 1s + up_to(1s);
            world_.loop().after(when, [this, writer] {
                if (!world_.region(1 - writer).has_power()) return;
                world_.region(1 - writer).agent.kill();
                world_.start_agent(1 - writer);
            });
            person_fails_over(when + up_to(300ms));
            break;
        }
        case 2:  // the standby degrades just before the writer is lost
            world_.sometimes("worst moment: degraded, then lost");
            cut(site, other, 0ms, 2s + up_to(2s));
            world_.loop().after(500ms + up_to(2500ms), [this, writer] { lose_region(writer); });
            break;
        case 3: {  // the old writer is being rebuilt when the new one is lost, and somebody moves it back
            world_.sometimes("worst moment: lost while the other is rebuilt");
            if (!world_.region(writer).has_power()) break;
            world_.power_off(writer);
            const Duration back = 3s + up_to(1s);
            world_.loop().after(back, [this, writer] { world_.power_on(writer); });
            const Duration rebuilt = back + up_to(600ms);
            if (world_.random().below(2) == 0) {  // or only its agent dies on the way
                world_.loop().after(rebuilt, [this, writer] {
                    if (!world_.region(writer).has_power()) return;
                    world_.region(writer).agent.kill();
                    world_.start_agent(writer);
                });
                break;
            }
            world_.loop().after(rebuilt, [this, writer] {
                if (World::index_of(world_.store().lease.region) != writer) lose_region(1 - writer);
            });
            person_fails_over(rebuilt + up_to(1500ms));
            break;
        }
        default:  // a switchover, and something dies in the middle of it
            world_.sometimes("worst moment: in the middle of a switchover");
            if (world_.controller_process().alive()) world_.controller()->ask_for("failback", core::AcceptLoss::no);
            world_.loop().after(up_to(400ms), [this, writer] {
                switch (world_.random().below(4)) {
                    case 0:
                        lose_region(writer);
                        break;
                    case 1:
                        lose_region(1 - writer);
                        break;
                    case 2:
                        world_.kill_controller();
                        world_.loop().after(up_to(2s), [this] { world_.start_controller(); });
                        break;
                    default:
                        world_.region(writer).agent.pause(world_.loop().now() + up_to(3s));
                }
            });
    }
}

void Faults::lose_region(std::size_t i) {
    if (!world_.region(i).has_power()) return;
    world_.sometimes("a region was lost");
    world_.power_off(i);
    world_.loop().after(200ms + up_to(10s), [this, i] { world_.power_on(i); });
}

void Faults::cut_something() {
    Random& random = world_.random();
    Network& network = world_.network();
    const std::size_t a = random.below(3);
    const std::size_t b = (a + 1 + random.below(2)) % 3;
    const Duration length = random.below(3) == 0 ? up_to(8s) : up_to(1500ms);
    std::vector<Way*> ways;
    const auto add = [&](std::size_t from, std::size_t to) {
        ways.push_back(&network.way(static_cast<Site>(from), static_cast<Site>(to)));
    };
    switch (random.below(4)) {
        case 0:  // one way only
            add(a, b);
            world_.sometimes("one way of a link was cut");
            break;
        case 1:  // a site alone
            for (const std::size_t other : {(a + 1) % 3, (a + 2) % 3}) {
                add(a, other);
                add(other, a);
            }
            world_.sometimes("a site was cut off from both others");
            break;
        default:
            add(a, b);
            add(b, a);
            world_.sometimes("a link was cut");
    }
    for (Way* way : ways) way->cut = true;
    world_.loop().after(length, [ways] {
        for (Way* way : ways) way->cut = false;
    });
}

/// One link is cut, or the controller sleeps: never two things at once.
void Faults::something_mild() {
    if (busy_) return;
    busy_ = true;
    const Duration length = up_to(4s);
    world_.loop().after(length + 5s, [this] { busy_ = false; });  // until all is in step again
    if (world_.random().below(2) == 0) {
        world_.sometimes("the controller alone slept");
        world_.controller_process().pause(world_.loop().now() + length);
        return;
    }
    const std::size_t a = world_.random().below(3);
    const std::size_t b = (a + 1) % 3;
    Way& there = world_.network().way(static_cast<Site>(a), static_cast<Site>(b));
    Way& back = world_.network().way(static_cast<Site>(b), static_cast<Site>(a));
    there.cut = back.cut = true;
    world_.sometimes("one link alone was cut");
    world_.loop().after(length, [&there, &back] { there.cut = back.cut = false; });
}

/// A person at three in the morning: moves it, moves it twice, approves late.
void Faults::operate() {
    Controller* controller = world_.controller();
    if (!world_.controller_process().alive() || controller == nullptr) return;
    switch (world_.random().below(4)) {
        case 0:
            controller->ask_for("failback", core::AcceptLoss::no);
            break;
        case 1:
            controller->ask_for("failover", core::AcceptLoss::no);
            controller->ask_for("failover", core::AcceptLoss::no);
            break;
        case 2:
            if (world_.random().below(3) == 0) controller->ask_for("failover", core::AcceptLoss::yes);
            break;
        default:
            if (world_.random().below(2) == 0) controller->approve_all();
    }
}

/// What a controller that slept through a move, or somebody who forges commands, would send.
void Faults::send_stale_command() {
    const std::size_t to = world_.random().below(2);
    if (!world_.region(to).agent.alive()) return;
    const std::uint64_t current = world_.store().lease.epoch.value();
    const std::uint64_t epoch = std::max<std::uint64_t>(2, current + 2 - world_.random().below(4));
    const Promotion stale{
        .epoch = Epoch(epoch), .fence = {.how = core::FenceHow::lease_ran_out, .epoch = Epoch(epoch - 1)}, .limit = 2s
    };
    Process& agent = world_.region(to).agent;
    agent.deliver([this, &agent, to, stale, epoch] {
        agent.spawn([](World& world, std::size_t at, Promotion command, std::uint64_t of) -> Task<> {
            const std::string answer = co_await world.agent(at).promote(command);
            if (!answer.empty()) world.sometimes("a stale command was refused: " + answer);
            if (of < world.store().lease.epoch.value()) {
                const std::string names = co_await world.agent(at).change_names(of, 1, at);
                if (names == "stale-epoch") world.sometimes("a stale change of names was refused");
            }
        }(world_, to, stale, epoch));
    });
}

void Faults::heal() {
    world_.network().heal();
    world_.store().full = false;
    for (std::size_t i = 0; i < 2; ++i) {
        if (!world_.region(i).has_power()) world_.power_on(i);
        if (!world_.region(i).agent.alive()) world_.start_agent(i);
    }
    if (!world_.controller_process().alive()) world_.start_controller();
}

}  // namespace cloudshelf::sim
