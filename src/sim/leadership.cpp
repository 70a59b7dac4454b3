#include "sim/leadership.hpp"

#include "sim/judge.hpp"

namespace cloudshelf::sim {

using namespace std::chrono_literals;

Leadership::Leadership(World& world, std::size_t site, Ask ask)
    : world_(world),
      site_(site),
      process_(world.region(site).controller),
      ask_(std::move(ask)),
      terms_(core::leader_terms(world.terms())),
      lease_(terms_) {}

bool Leadership::leads() const {
    return announced_ && holder_ && holder_->deadline() && process_.now() < *holder_->deadline();
}

void Leadership::announce() {
    announced_ = true;
    world_.note("the controller at " + World::name_of(site_).value() + " leads, term " + std::to_string(term()));
    world_.sometimes("a controller took the lead");
    world_.judge().took_lead(site_);
}

Task<> Leadership::look() {
    const auto known = lease_.mark();
    Store::Operation read = [](StoreState& state) {
        return StoreReply{.revision = state.leader.revision, .record = state.leader.record};
    };
    const auto found = co_await world_.store().ask(process_, Store::Kind::look, std::move(read));
    if (!found) co_return;
    const TimePoint now = process_.now();
    store_heard_ = now;
    if (found->revision == 0 && !free_since_) free_since_ = now;
    if (found->revision > 0) lease_.heard(known, found->revision, found->record, now);
}

Task<> Leadership::win() {
    for (;;) {
        co_await look();
        const TimePoint now = process_.now();
        const bool fresh = store_heard_ && now - *store_heard_ < terms_.beat;
        auto may = core::may_lead_at(ask_(), lease_, terms_, free_since_.value_or(now));
        if (world_.planted(Planted::leader_does_not_wait)) may = now;
        if (fresh && may && now >= *may) {
            const bool taken = co_await take();
            if (taken) co_return;
        }
        co_await process_.sleep(terms_.beat / 2);
    }
}

Task<std::optional<StoreReply>> Leadership::swap(core::LeaseRecord next) {
    Store::Operation change = [next, expected = lease_.revision()](StoreState& state) {
        const bool stored = state.leader.revision == expected;
        if (stored) state.leader = {.revision = expected + 1, .record = next};
        return StoreReply{.stored = stored, .revision = state.leader.revision, .record = state.leader.record};
    };
    const auto answer = co_await world_.store().ask(process_, Store::Kind::change, std::move(change));
    co_return answer;
}

Task<bool> Leadership::take() {
    const auto& old = lease_.record();
    const core::LeaseRecord next{
        .region = World::name_of(site_),
        .epoch = Epoch(old ? old->epoch.value() + 1 : 1),
        .fence =
            {.how = old && old->released ? core::FenceHow::acknowledged : core::FenceHow::lease_ran_out,
             .epoch = old ? old->epoch : Epoch(0)},
    };
    const TimePoint sent_at = process_.now();
    const auto swapped = co_await swap(next);
    if (!swapped || !swapped->stored) co_return false;  // the next look tells who has it; in doubt, perhaps we
    lease_.saw(swapped->revision, next, process_.now());
    holder_.emplace(next.epoch, terms_);
    tell(core::RenewalStored{sent_at});
    lost_ = false;
    led_since_ = process_.now();
    const bool begun = co_await begin_term();
    if (!begun) holder_.reset();
    co_return begun;
}

Task<bool> Leadership::begin_term() {
    Store::Operation read = [](StoreState& state) {
        return StoreReply{.revision = state.term_revision, .term = state.term};
    };
    const auto found = co_await world_.store().ask(process_, Store::Kind::look, std::move(read));
    if (!found || found->term > term()) co_return false;
    Store::Operation change = [expected = found->revision, ours = term()](StoreState& state) {
        const bool stored = state.term_revision == expected;
        if (stored) {
            ++state.term_revision;
            state.term = ours;
        }
        return StoreReply{.stored = stored};
    };
    const auto swapped = co_await world_.store().ask(process_, Store::Kind::change, std::move(change));
    co_return swapped && swapped->stored;
}

Task<> Leadership::keep() {
    while (!lost_) {
        const TimePoint now = process_.now();
        core::Candidate candidate = ask_();
        if (world_.planted(Planted::leader_stays_with_the_writer)) candidate.writers.clear();
        if (world_.planted(Planted::leader_lets_go_in_the_middle)) candidate.move_under_way = false;
        // What began since goes first: whoever asked that the lead moves asks again.
        if (candidate.move_under_way) letting_go_ = false;
        if (letting_go_ || core::hands_over(candidate, terms_, led_since_, now)) {
            co_await release();
            continue;
        }
        TimePoint wake = now + terms_.beat;
        for (const auto& command : holder_->step(core::Tick{}, now)) {
            if (const auto* due = std::get_if<core::Renew>(&command); due && !renewing_)
                process_.spawn(renew(due->sent_at));
            if (std::holds_alternative<core::Fence>(command)) lost_ = true;
            if (const auto* at = std::get_if<core::WakeAt>(&command)) wake = at->at;
        }
        if (!lost_) co_await process_.sleep(std::max<Duration>(wake - process_.now(), 1ms));
    }
    announced_ = false;
}

Task<> Leadership::renew(TimePoint sent_at) {
    renewing_ = true;
    core::LeaseRecord next = *lease_.record();
    next.beat += 1;
    const auto swapped = co_await swap(next);
    renewing_ = false;
    if (!swapped) co_return;  // the next beat tries again
    store_heard_ = process_.now();
    const core::LeaseRecord& current = swapped->record;
    lease_.saw(swapped->revision, current, process_.now());
    const bool ours = current.region == World::name_of(site_) && current.epoch == holder_->epoch();
    if (swapped->stored) {
        tell(core::RenewalStored{sent_at});
    } else if (!ours) {
        tell(core::RenewalRefused{current.epoch});
    }
}

Task<> Leadership::release() {
    core::LeaseRecord next = *lease_.record();
    next.released = true;
    // From here on it leads no more: once the store has it another may lead at once, and the answer may come late.
    if (!world_.planted(Planted::leads_until_it_hears_that_it_let_go)) announced_ = false;
    world_.judge().let_go(site_);
    world_.sometimes("the lead was handed over");
    [[maybe_unused]] const auto swapped = co_await swap(next);
    lost_ = true;
}

void Leadership::tell(const core::LeaseEvent& event) {
    for (const auto& command : holder_->step(event, process_.now())) {
        if (std::holds_alternative<core::Fence>(command)) lost_ = true;
    }
}

}  // namespace cloudshelf::sim
