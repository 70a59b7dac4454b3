#include "sim/customers.hpp"

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
    const TimePoint patience = here.server.now() + 2s;
    while (here.page.state == PageState::paused && here.server.now() < patience) co_await here.server.sleep(20ms);
    std::size_t writer = at;
    if (here.page.state == PageState::remote) {
        writer = 1 - at;
        if (!world.network().meets(here.server.site(), world.region(writer).server.site())) co_return Receipt{};
    } else if (!here.page.may_write(here.server.now())) {
        co_return Receipt{};
    }
    Database& database = world.region(writer).database;
    struct Fate {
        bool known = false;
        Outcome outcome = Outcome::unknown;
    };
    auto fate = std::make_shared<Fate>();
    const core::LeaseRecord lease = world.store().lease;
    const bool promised = write.order && lease.sync == core::Sync::in_step && lease.epoch == database.opened_at;
    database.commit(write, [fate](Outcome outcome) {
        fate->known = true;
        fate->outcome = outcome;
    });
    write.epoch = database.opened_at.value();
    for (const TimePoint limit = here.server.now() + 3s; !fate->known && here.server.now() < limit;)
        co_await here.server.sleep(5ms);
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
        co_await process_.sleep(30ms);
        process_.spawn(buy(next_id_, next_id_ % 2 == 0));
        ++next_id_;
    }
}

Task<> Customers::buy(std::uint64_t id, bool order) {
    const Nameserver& asked = world_.region(world_.random().below(3)).names;
    if (!asked.points_to) co_return;
    const std::size_t at = *asked.points_to;
    const auto receipt = co_await call<Receipt>(
        world_.network(),
        process_,
        world_.region(at).server,
        [&world = world_, at, id, order] { return serve(world, at, {.id = id, .order = order}); },
        5s
    );
    if (!receipt || !receipt->done) co_return;
    ++acknowledged_;
    last_success_ = world_.loop().now();
    world_.acknowledged(receipt->write, receipt->promised);
}

}  // namespace cloudshelf::sim
