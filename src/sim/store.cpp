#include "sim/store.hpp"

#include "sim/world.hpp"

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration syncing_takes = 1ms;
constexpr std::size_t members = 3;

}  // namespace

Process& Store::process(std::size_t member) {
    return world_.region(member).store;
}
const Process& Store::process(std::size_t member) const {
    return world_.region(member).store;
}

/// As the store's members are set up beside a lease: store/etcd_server.cpp.
Duration Store::election() const {
    return std::clamp<Duration>(world_.terms().duration / 2, 300ms, 1s);
}

// --- who leads -----------------------------------------------------------------------------------------------------

std::optional<std::size_t> Store::follower_of(std::size_t member) const {
    for (std::size_t i = 0; i < members; ++i) {
        if (i != member && process(i).runs() && world_.network().meets(process(member).site(), process(i).site()))
            return i;
    }
    return std::nullopt;
}

bool Store::may_lead(std::size_t member) const {
    return process(member).runs() && follower_of(member).has_value();
}

void Store::become_leader(std::size_t member) {
    leader_ = member;
    ++ballot_;
    leader_fit_ = world_.loop().now();
    world_.note("the store's member at " + World::name_of(member).value() + " leads it");
}

void Store::start() {
    copies_.fill(state_);
    leader_fit_ = world_.loop().now();
    look_after_elections();
}

void Store::look_after_elections() {
    const TimePoint now = world_.loop().now();
    if (keeps_history_) history_.emplace_back(now, state_);
    if (leader_ && may_lead(*leader_)) {
        leader_fit_ = now;
    } else if (now - leader_fit_ > election()) {
        std::vector<std::size_t> fit;
        for (std::size_t i = 0; i < members; ++i) {
            if (may_lead(i)) fit.push_back(i);
        }
        leader_.reset();
        if (fit.empty()) world_.sometimes("the store had no quorum");
        if (!fit.empty()) {
            world_.sometimes("the store elected another leader");
            become_leader(fit[world_.random().below(fit.size())]);
        }
    }
    world_.loop().after(election() / 3, [this] { look_after_elections(); });
}

void Store::elect() {
    leader_.reset();
    ++ballot_;
    leader_fit_ = world_.loop().now();
}

void Store::lead_from(std::size_t site) {
    if (!leader_ || *leader_ == site || !may_lead(site) || !may_lead(*leader_)) return;
    if (world_.network().meets(process(*leader_).site(), process(site).site())) become_leader(site);
}

// --- what is asked -------------------------------------------------------------------------------------------------

Task<std::optional<StoreReply>> Store::ask(Process& from, Kind kind, Operation operation) {
    const std::size_t home = static_cast<std::size_t>(from.site());
    for (std::size_t i = 0; i < members; ++i) {
        const std::size_t member = (home + i) % members;
        std::function<Task<StoreReply>()> work = [this, member, kind, operation] {
            return serve(member, kind, operation);
        };
        const auto answer =
            co_await call<StoreReply>(world_.network(), from, process(member), std::move(work), world_.store_try());
        if (answer && answer->answered) co_return answer;
        // Whether or not it was done: a compare-and-swap can be sent again. An entry of the journal is, later, whole.
        if (kind == Kind::change && answer) co_return std::nullopt;
    }
    co_return std::nullopt;
}

Task<StoreReply> Store::serve(std::size_t member, Kind kind, Operation operation) {
    const StoreReply nothing;
    if (world_.planted(Planted::stale_read_is_accepted) && kind == Kind::look && leader_ != member) {
        StoreReply stale = operation(copies_[member]);
        stale.answered = true;
        co_return stale;
    }
    if (!leader_) co_return nothing;
    if (*leader_ == member) {
        const StoreReply reply = co_await lead(member, kind, operation);
        co_return reply;
    }
    const std::size_t leader = *leader_;
    std::function<Task<StoreReply>()> work = [this, leader, kind, operation] { return lead(leader, kind, operation); };
    const auto answer = co_await call<StoreReply>(
        world_.network(), process(member), process(leader), std::move(work), world_.store_try()
    );
    co_return answer.value_or(nothing);
}

Task<StoreReply> Store::lead(std::size_t member, Kind kind, Operation operation) {
    const StoreReply nothing;
    const std::uint64_t ballot = ballot_;
    if (leader_ != member) co_return nothing;
    if (kind == Kind::change && full_) {
        world_.sometimes("the store's disks were full");
        co_return nothing;
    }
    // To one of the others and back: that much, and both disks, before anything is so.
    const auto follower = follower_of(member);
    if (!follower) {
        co_await process(member).sleep(world_.store_try());
        co_return nothing;
    }
    const Site here = process(member).site();
    const Site there = process(*follower).site();
    Duration takes = world_.network().draw_delay(here, there) + world_.network().draw_delay(there, here);
    if (kind == Kind::change) takes += syncing_takes + slower_;
    co_await process(member).sleep(takes);
    if (ballot_ != ballot || !may_lead(member)) co_return nothing;
    StoreReply reply = operation(state_);
    reply.answered = true;
    if (world_.planted(Planted::stale_read_is_accepted)) {
        for (std::size_t i = 0; i < members; ++i) {
            if (process(i).runs() && world_.network().meets(here, process(i).site())) copies_[i] = state_;
        }
    }
    if (mute_ppm_ > 0 && world_.random().below(1'000'000) < mute_ppm_) {
        world_.sometimes("the store did it and nobody heard");
        co_return nothing;
    }
    co_return reply;
}

void Store::roll_back(Duration history) {
    const TimePoint to = world_.loop().now() - history;
    for (auto at = history_.rbegin(); at != history_.rend(); ++at) {
        if (at->first > to) continue;
        state_ = at->second;
        return;
    }
}

void Store::heal() {
    slower_ = {};
    mute_ppm_ = 0;
    full_ = false;
}

}  // namespace cloudshelf::sim
