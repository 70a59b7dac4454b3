#include "sim/customers.hpp"

#include "sim/faults.hpp"
#include "sim/judge.hpp"

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

struct Receipt {
    bool done = false;
    Write write;
    bool promised = false;  // the lease said that orders wait for the standby
};

/// What the gateway of a region does with a write: by the lease page, at this region's server or at the other's.
Task<Receipt> serve(World& world, std::size_t at, Write write) {
    Region& here = world.region(at);
    const TimePoint patience = here.server.now() + world.scaled(2s);
    while (here.page.state == PageState::paused && here.server.now() < patience)
        co_await here.server.sleep(world.scaled(20ms));
    std::size_t writer = at;
    if (here.page.state == PageState::remote) {
        writer = 1 - at;
        const bool meets = world.network().meets(here.server.site(), world.region(writer).server.site());
        if (!meets || !world.region(writer).server.runs()) co_return Receipt{};
    } else if (!here.page.may_write(here.server.now())) {
        co_return Receipt{};
    }
    Database& database = world.region(writer).database;
    struct Fate {
        bool known = false;
        Outcome outcome = Outcome::unknown;
    };
    auto fate = std::make_shared<Fate>();
    const core::LeaseRecord lease = world.store().truth().lease.record;
    const bool promised = write.order && lease.sync == core::Sync::in_step && lease.epoch == database.opened_at;
    database.commit(write, [fate](Outcome outcome) {
        fate->known = true;
        fate->outcome = outcome;
    });
    write.epoch = database.opened_at.value();
    if (database.is_open()) world.judge().wrote(writer);
    for (const TimePoint limit = here.server.now() + world.scaled(3s); !fate->known && here.server.now() < limit;)
        co_await here.server.sleep(world.scaled(5ms));
    const bool done = fate->known && fate->outcome == Outcome::done;
    if (fate->known && fate->outcome == Outcome::unknown) world.sometimes("an outcome was unknown");
    co_return Receipt{.done = done, .write = write, .promised = promised};
}

}  // namespace

void Customers::start() {
    process_.start();
    process_.spawn(arrive());
}

Task<> Customers::arrive() {
    for (;;) {
        co_await process_.sleep(world_.scaled(world_.scenario().workload.every));
        process_.spawn(buy(next_id_, next_id_ % 2 == 0));
        ++next_id_;
    }
}

std::optional<std::size_t> Customers::resolve(std::size_t resolver) {
    Resolver& known = resolvers_[resolver];
    const bool stale = known.points_to && world_.faults().resolvers_are_stale();
    if (known.until > process_.now() || stale) {
        if (stale && known.until <= process_.now()) world_.sometimes("a resolver answered from an old memory");
        return known.points_to;
    }
    // The nameservers in turn, from any; whoever gets no answer serves what it knew (RFC 8767).
    const std::size_t first = world_.random().below(3);
    for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t site = (first + i) % 3;
        const Region& there = world_.region(site);
        if (!there.names_answer() || !world_.network().meets(Site::outside, static_cast<Site>(site))) continue;
        known = {.points_to = there.names.points_to, .until = process_.now() + world_.timing().dns_ttl};
        break;
    }
    return known.points_to;
}

Task<> Customers::buy(std::uint64_t id, bool order) {
    const auto at = resolve(world_.random().below(3));
    if (!at) co_return;
    std::function<Task<Receipt>()> work = [&world = world_, at, id, order] {
        return serve(world, *at, {.id = id, .order = order});
    };
    const auto receipt = co_await call<Receipt>(
        world_.network(), process_, world_.region(*at).server, std::move(work), world_.scaled(5s)
    );
    if (!receipt || !receipt->done) co_return;
    ++acknowledged_;
    last_success_ = world_.loop().now();
    world_.judge().acknowledged(receipt->write, receipt->promised);
}

}  // namespace cloudshelf::sim
