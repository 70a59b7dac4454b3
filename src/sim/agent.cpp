#include "sim/agent.hpp"

#include "sim/controller.hpp"
#include "sim/faults.hpp"

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration opening_takes = 5ms;  // at its fastest: what comes too early shows
constexpr Duration starting_takes = 120ms;
constexpr Duration rewinding_takes = 300ms;
constexpr Duration look_again = 20ms;  // while a role is being taken

core::SyncKeeper::Planted planted_in_sync(const World& world) {
    using enum core::SyncKeeper::Planted;
    if (world.planted(Planted::in_step_before_anybody_waits)) return in_step_before_anybody_waits;
    return world.planted(Planted::in_step_before_it_caught_up) ? in_step_before_it_caught_up : nothing;
}

}  // namespace

Agent::Agent(World& world, std::size_t index)
    : world_(world),
      index_(index),
      process_(world.region(index).agent),
      promises_(world.terms(), read_known_epochs(), process_.now()),
      sync_({.patience = world.terms().duration / 2, .lag_max = 50}, planted_in_sync(world)),
      preferred_(index),
      store_heard_(process_.now()) {
    if (world_.planted(Planted::promise_is_forgotten_by_a_restart))
        promises_ = core::PromiseBook(world.terms(), here().known, process_.now() - 1h);
    if (world_.planted(Planted::known_epoch_is_not_durable))
        promises_ = core::PromiseBook(world.terms(), {.newest = Epoch(1)}, process_.now());
    if (is_witness()) return;
    sent_away_ = here().names.change > 1 && here().names.points_to == 1 - index_;
}

core::KnownEpochs Agent::read_known_epochs() const {
    if (!world_.faults().epoch_is_torn(index_)) return here().known;
    // An unreadable memory of the epoch must not read as "none": nothing is newer than this.
    return {.newest = world_.planted(Planted::torn_epoch_reads_as_none) ? Epoch(0) : Epoch(UINT64_MAX)};
}

void Agent::start() {
    for (std::size_t region = 0; region < 2; ++region) {
        if (region != index_) process_.spawn(watch(region));
    }
    if (is_witness()) return;
    process_.spawn(beat());
    process_.spawn(look());
    process_.spawn(tend_names());
}

bool Agent::streaming() const {
    const Database& own = here().database;
    const TimePoint heard = own.in_recovery ? own.writer_heard : own.standby_heard;
    return own.running && world_.loop().now() - heard < world_.scaled(1s);
}

std::string Agent::role() const {
    const Database& own = here().database;
    if (is_witness()) return "witness";
    if (holder_ && holder_->deadline() && own.is_open()) return "writer";
    if (acting_) return "rejoining";
    if (own.running && own.in_recovery) return "standby";
    return "fenced";
}

bool Agent::remember(Epoch epoch, core::Whose whose) {
    const auto& known = promises_.epochs();
    if (epoch <= known.newest && (whose == core::Whose::ours || epoch <= known.of_another)) return true;
    if (here().disk_full > 0) {
        world_.sometimes("an epoch could not be written down");
        if (!world_.planted(Planted::promise_without_a_disk)) return false;
    } else {
        here().known.newest = std::max(here().known.newest, epoch);
        if (whose == core::Whose::anothers) here().known.of_another = std::max(here().known.of_another, epoch);
    }
    promises_.learn(epoch, whose);
    world_.judge().learnt(index_, epoch, whose);
    return true;
}

// --- the lease -----------------------------------------------------------------------------------------------------

Task<> Agent::beat() {
    for (;;) {
        if (holder_) tell(core::Tick{});
        co_await process_.sleep(world_.terms().beat / 4);
    }
}

void Agent::tell(const core::LeaseEvent& event) {
    if (!holder_) return;
    for (const auto& command : holder_->step(event, process_.now())) {
        if (const auto* arm = std::get_if<core::ArmFencer>(&command)) {
            world_.write_page(
                index_, paused_ ? PageState::paused : PageState::writing, holder_->epoch(), arm->deadline
            );
        } else if (const auto* renewal = std::get_if<core::Renew>(&command)) {
            process_.spawn(renew(renewal->sent_at));
            process_.spawn(ask_promise(renewal->sent_at));
        } else if (std::holds_alternative<core::Fence>(command)) {
            world_.transition("lease.lost");
            lose();
            return;
        }
    }
}

void Agent::lose() {
    world_.note("agent loses the lease in " + World::name_of(index_).value());
    const Epoch epoch = holder_->epoch();
    holder_.reset();
    paused_ = false;
    release_with_.reset();
    world_.write_page(index_, PageState::fenced, epoch, process_.now());
}

/// Through whichever controller answers, this site's own first; who answered last is asked first.
Task<std::optional<StoreAnswer>> Agent::ask_store(std::function<Task<StoreAnswer>(Controller&)> what) {
    const TimePoint deadline = process_.now() + world_.terms().duration / 2;
    for (std::size_t tried = 0; tried < 3 && process_.now() < deadline; ++tried) {
        const std::size_t whom = preferred_ % 3;
        const Duration limit = std::min<Duration>(deadline - process_.now(), world_.terms().duration / 4);
        std::function<Task<StoreAnswer>()> work = [&world = world_, whom, what] {
            return what(*world.controller(whom));
        };
        const auto answer = co_await call<StoreAnswer>(
            world_.network(), process_, world_.region(whom).controller, std::move(work), limit
        );
        if (answer && answer->reached) {
            store_heard_ = process_.now();
            co_return answer;
        }
        preferred_ = whom + 1;
    }
    co_return std::nullopt;
}

Task<std::optional<StoreAnswer>> Agent::read_lease() {
    std::function<Task<StoreAnswer>(Controller&)> what = [](Controller& controller) { return controller.read_store(); };
    const auto answer = co_await ask_store(std::move(what));
    co_return answer;
}

Task<std::optional<StoreAnswer>> Agent::store_lease(core::LeaseRecord next) {
    std::function<Task<StoreAnswer>(Controller&)> what = [next, expected = revision_](Controller& controller) {
        return controller.compare_and_swap(expected, next);
    };
    auto answer = co_await ask_store(std::move(what));
    // Found exactly as we wanted it: an answer was lost on the way.
    if (answer && !answer->stored && answer->lease == next) answer->stored = answer->found_there = true;
    co_return answer;
}

Task<> Agent::renew(TimePoint sent_at) {
    if (renewing_ || !lease_) co_return;
    renewing_ = true;
    const core::LeaseRecord next = core::renewed(*lease_, sync_.wanted(), release_with_);
    const Epoch epoch = next.epoch;
    sync_.sends(next.sync);
    tries_.sends(next, sent_at);
    const auto answer = co_await store_lease(next);
    renewing_ = false;
    if (!holder_ || holder_->epoch() != epoch || !answer) co_return;
    if (answer->stored) {
        lease_ = next;
        revision_ = answer->revision;
        sync_.stored(next.sync);
        using enum core::RenewalTries::Outcome;
        const bool found = answer->found_there && !world_.planted(Planted::found_renewal_counts_from_the_last_try);
        if (found) world_.sometimes("a renewal was found, whose answer was lost");
        const TimePoint since = tries_.counts_from(found ? found_there : stored_now);
        const bool late = world_.planted(Planted::deadline_counts_from_the_answer);
        if (!next.released) tell(core::RenewalStored{late ? process_.now() : since});
        co_return;
    }
    const auto found = co_await read_lease();
    if (!found || !holder_) co_return;
    lease_ = found->lease;
    revision_ = found->revision;
    if (lease_->region != World::name_of(index_) || lease_->epoch != epoch) tell(core::RenewalRefused{lease_->epoch});
}

Task<> Agent::ask_promise(TimePoint sent_at) {
    if (asking_ || !holder_) co_return;
    asking_ = true;
    const Epoch epoch = holder_->epoch();
    const auto known = co_await call<int>(
        world_.network(),
        process_,
        peer().agent,
        [&world = world_, other = 1 - index_, epoch] { return world.agent(other).promise(epoch); },
        world_.terms().duration / 2
    );
    asking_ = false;
    if (!known || *known < 0 || !holder_ || holder_->epoch() != epoch) co_return;
    if (*known == 0) {
        tell(core::PromiseGranted{sent_at});
    } else {
        tell(core::PromiseRefused{Epoch(static_cast<std::uint64_t>(*known))});
    }
}

Task<int> Agent::promise(Epoch epoch) {
    if (!remember(epoch, core::Whose::anothers)) co_return -1;
    if (holder_ || !promises_.grant(epoch, process_.now()))
        co_return static_cast<int>(std::min<std::uint64_t>(promises_.known().value(), INT32_MAX));
    co_return 0;
}

Task<std::string> Agent::become_writer(core::Sync sync) {
    TimePoint sent_at{};
    for (bool proved = false; !proved;) {
        const core::LeaseRecord next = core::taken_up(*lease_, sync);
        sent_at = process_.now();
        const auto answer = co_await store_lease(next);
        if (!answer) co_return "store-unreachable";
        if (!answer->stored) co_return "stale-epoch";
        lease_ = next;
        revision_ = answer->revision;
        // Found there: a try of this process's, or of one before it, was stored at a time that nobody knows.
        proved = !answer->found_there;
    }
    sync_.opens(sync);
    core::LeaseTerms terms = world_.terms();
    if (world_.planted(Planted::no_drift_margin)) terms.drift_ppm_max = 0;
    holder_.emplace(lease_->epoch, terms);
    tell(core::RenewalStored{sent_at});
    if (!holder_ || !holder_->deadline()) co_return "too-late";
    co_return "";
}

// --- the role ------------------------------------------------------------------------------------------------------

Task<> Agent::look() {
    for (;;) {
        if (!holder_ && !acting_) {
            const auto found = co_await read_lease();
            std::optional<core::LeaseRecord> lease;
            if (found && !holder_) {
                revision_ = found->revision;
                lease_ = found->lease;
                lease = lease_;
                const bool elsewhere = lease->region != World::name_of(index_);
                const PageState state = lease->released ? PageState::paused
                                        : elsewhere     ? PageState::remote
                                                        : PageState::fenced;
                const bool still_good = !elsewhere && !lease->released && here().page.may_write(process_.now()) &&
                                        here().page.epoch == lease->epoch;
                if (!acting_ && !still_good) world_.write_page(index_, state, lease->epoch, process_.now());
            }
            if (!holder_ && !acting_) {
                const Database& own = here().database;
                const core::LocalState local{
                    .has_data = own.exists && (!own.torn || world_.planted(Planted::half_rewound_server_is_started)),
                    .is_standby = own.standby_signal,
                    .is_running = own.running,
                    .holds_lease = false,
                    .known = world_.planted(Planted::store_that_forgot_is_believed) ? Epoch(0) : promises_.known(),
                    .gave_up = lease && lease->epoch == gave_up_at_,
                };
                const core::NextMove move = core::next_move(World::name_of(index_), lease, local);
                world_.transition(std::string("role.") + core::name(move));
                if (!acting_) co_await take_role(move);
            }
        } else if (holder_) {
            care_for_server();
            keep_in_step();
        }
        const Duration pause = acting_ ? look_again : world_.timing().probe_interval;
        co_await process_.sleep(pause);
    }
}

Task<> Agent::take_role(core::NextMove move) {
    if (move == core::NextMove::nothing || move == core::NextMove::wait || move == core::NextMove::distrust) co_return;
    acting_ = true;
    Database& own = here().database;
    switch (move) {
        case core::NextMove::resume: {
            const bool running = own.running;
            const core::Sync sync = running ? lease_->sync : core::Sync::degraded;
            const std::string proved = co_await become_writer(sync);
            if (!proved.empty() || running) break;
            [[maybe_unused]] const bool opened = co_await open(Configured::anew);
            world_.sometimes("a writer resumed its own epoch");
            break;
        }
        case core::NextMove::follow:
            co_await process_.sleep(starting_takes);
            if (!own.running) {
                own.running = true;
                own.in_recovery = true;
            }
            break;
        case core::NextMove::rejoin:
            if (remember(lease_->epoch, core::Whose::anothers)) co_await rejoin();
            break;
        case core::NextMove::stop_writing:
            own.kill();
            break;
        default:
            break;
    }
    acting_ = false;
}

Task<bool> Agent::open(Configured how) {
    Database& own = here().database;
    const Duration takes = own.standby_signal ? opening_takes : starting_takes;
    co_await process_.sleep(takes);
    // The fencer starts a server that may write only while the page allows it.
    if (!here().page.may_write(process_.now()) && here().page.state != PageState::paused) co_return false;
    if (!holder_) co_return false;
    const bool promoted = own.standby_signal;
    own.running = true;
    own.in_recovery = false;
    own.standby_signal = false;
    if (promoted) own.timeline += 1;
    own.opened_at = holder_->epoch();
    if (how == Configured::anew) own.waits_for_standby = false;
    own.standby_has = 0;
    own.standby_heard = {};
    world_.judge().opened(index_, promoted);
    co_return true;
}

Task<> Agent::rejoin() {
    Database& own = here().database;
    const auto reachable = [&] {
        return world_.network().meets(here().server.site(), peer().server.site()) && peer().database.is_open() &&
               peer().server.runs();
    };
    own.kill();
    if (!reachable()) co_return;
    if (world_.planted(Planted::follows_without_a_rewind) && own.exists) {
        own.standby_signal = true;
        own.torn = false;
        co_return;
    }
    const std::size_t common = own.exists ? own.common_with(peer().database) : 0;
    if (own.exists && common < own.log.size()) world_.sometimes("stranded writes were exported");
    own.torn = true;
    if (world_.planted(Planted::half_rewound_server_is_started)) own.standby_signal = true;
    own.log.resize(std::min(common, own.log.size()));
    if (world_.random().below(2) == 0 && !own.log.empty())
        own.log.resize(own.log.size() / 2);                                           // half of it is rewritten
    own.log.push_back({.id = ~std::uint64_t{0} - world_.random().below(1'000'000)});  // blocks of two histories
    co_await process_.sleep(rewinding_takes / 2);
    if (!reachable()) co_return;
    own.log.assign(peer().database.log.begin(), peer().database.log.end());
    own.timeline = peer().database.timeline;
    own.system_id = peer().database.system_id;
    co_await process_.sleep(rewinding_takes / 2);
    if (!reachable() || !own.has_prefix_of(peer().database)) co_return;
    own.exists = true;
    own.standby_signal = true;
    own.torn = false;
    world_.sometimes("an old writer rejoined");
}

void Agent::care_for_server() {
    Database& own = here().database;
    if (acting_ || paused_ || release_with_ || own.running) return;
    // A server that died alone is started again.
    acting_ = true;
    process_.spawn([](Agent& self) -> Task<> {
        [[maybe_unused]] const bool opened = co_await self.open(Configured::as_before);
        self.acting_ = false;
    }(*this));
}

void Agent::keep_in_step() {
    Database& own = here().database;
    if (!own.is_open() || acting_ || paused_ || release_with_ || !lease_) return;
    const bool streams = streaming();
    const auto standby = [&] {
        return core::StandbyView{
            .streams = streams,
            .is_waited_for = streams && own.waits_for_standby,
            .written = Lsn(own.log.size()),
            .lag = own.log.size() - std::min(own.log.size(), own.standby_has),
        };
    };
    const auto go_on_alone = [&own] {
        own.waits_for_standby = false;
        own.standby_confirms(own.log.size(), own.standby_heard);  // nobody waits for it any more
    };
    const core::Sync before = sync_.wanted();
    const core::CommitsWait wait = sync_.look(lease_->sync, standby(), process_.now());
    if (before == core::Sync::in_step && sync_.wanted() == core::Sync::degraded) {
        world_.sometimes("protection degraded");
        if (world_.planted(Planted::degraded_before_it_is_recorded)) go_on_alone();
    }
    if (wait == core::CommitsWait::for_nobody) go_on_alone();
    if (wait != core::CommitsWait::for_standby) return;
    const bool forgets = world_.planted(Planted::in_step_before_anybody_waits) && world_.random().below(40) != 0;
    if (!forgets) own.waits_for_standby = true;
    sync_.waits(standby());
}

/// At fixed times, whether or not the look before has its answer.
Task<> Agent::watch(std::size_t region) {
    for (;;) {
        process_.spawn(look_at(region));
        co_await process_.sleep(world_.timing().probe_interval);
    }
}

Task<> Agent::look_at(std::size_t region) {
    const Duration limit = world_.timing().probe_timeout;
    std::function<Task<int>()> alive = []() -> Task<int> { co_return 1; };
    const auto gateway = co_await call<int>(world_.network(), process_, world_.region(region).server, alive, limit);
    views_[region].gateway = gateway.has_value();
    if (is_witness()) co_return;
    const auto agent = co_await call<int>(world_.network(), process_, world_.region(region).agent, alive, limit);
    views_[region].agent = agent.has_value();
}

// --- the names -----------------------------------------------------------------------------------------------------

Task<> Agent::tend_names() {
    for (;;) {
        co_await process_.sleep(world_.timing().probe_interval);
        const Duration silence = process_.now() - store_heard_;
        const bool away =
            core::sends_customers_away(World::name_of(index_), lease_, holder_.has_value(), silence, world_.terms());
        if (!away || sent_away_) continue;
        const Nameserver before = here().names;
        here().names = {.epoch = before.epoch, .change = before.change + 1, .points_to = 1 - index_};
        sent_away_ = true;
        world_.judge().renamed(index_, before);
        world_.sometimes("a region cut off sent its customers away");
    }
}

Task<std::string> Agent::change_names(std::uint64_t epoch, std::uint64_t change, std::size_t points_to) {
    Nameserver& names = here().names;
    const Nameserver before = names;
    const std::pair wanted{epoch, change};
    const std::pair there{names.epoch, names.change};
    const bool compares = !world_.planted(Planted::names_change_without_comparing);
    if (compares && (wanted < there || (wanted == there && names.points_to != points_to))) co_return "stale-epoch";
    if (world_.planted(Planted::last_answer_is_removed_first)) {
        names.points_to.reset();
        world_.judge().renamed(index_, before);
        co_await process_.sleep(5ms);
    }
    names = {.epoch = epoch, .change = change, .points_to = points_to};
    sent_away_ = false;
    world_.judge().renamed(index_, before);
    co_return "";
}

// --- commands ------------------------------------------------------------------------------------------------------

Task<RegionStatus> Agent::status() {
    const Database& own = here().database;
    co_return RegionStatus{
        .role = role(),
        .known = promises_.known(),
        .has_data = own.exists && !own.torn,
        .in_recovery = own.running && own.in_recovery,
        .streaming = streaming(),
        .lag = own.is_open() && own.log.size() > own.standby_has ? own.log.size() - own.standby_has : 0,
        .replayed = own.log.size(),
        .views = views_,
        .names_epoch = here().names.epoch,
        .names_change = here().names.change,
        .sent_away = sent_away_,
    };
}

Task<std::string> Agent::promote(Promotion command) {
    const TimePoint until_limit = process_.now() + command.limit;
    if (acting_) co_return "busy";
    const bool proved_before = holder_ && holder_->epoch() == command.epoch;
    if (proved_before && here().database.is_open()) co_return "";
    const core::PromotionOrder order{.epoch = command.epoch, .fenced = command.fence.epoch};
    core::PromotionKnowledge knowledge{.known = promises_.epochs()};
    if (world_.planted(Planted::store_that_forgot_is_believed)) knowledge.known = {};
    if (holder_) knowledge.holds = holder_->epoch();
    if (const auto fits = core::check_order(order, knowledge); !fits) co_return fits.error().code;
    Database& own = here().database;
    if (!own.exists || own.torn) co_return "no-data";
    acting_ = true;
    std::string refusal;
    do {
        if (world_.planted(Planted::forged_epoch_is_remembered) && !remember(command.epoch, core::Whose::ours)) break;
        const auto found = co_await read_lease();
        const bool unseen = world_.planted(Planted::promotion_without_a_look_at_the_store);
        if (!found && !unseen) {
            refusal = "store-unreachable";
            break;
        }
        const bool ours = found && core::check_lease(order, World::name_of(index_), found->lease);
        if (!ours && !unseen) {
            refusal = "stale-epoch";
            break;
        }
        if (!remember(command.epoch, core::Whose::ours)) {
            refusal = "not-durable";
            break;
        }
        if (ours) {
            revision_ = found->revision;
            lease_ = found->lease;
        }
        const TimePoint until = promises_.binding_until(command.fence);
        if (until > process_.now() && !world_.planted(Planted::promise_is_not_waited_for)) {
            world_.sometimes("a promotion waited for a promise");
            if (until > until_limit) {
                refusal = "promise-outstanding";
                break;
            }
            co_await process_.sleep(until - process_.now() + 1us);
        }
        if (command.token && !world_.planted(Planted::switchover_skips_the_last_writes)) {
            while (own.log.size() < command.token->lsn.value() && process_.now() < until_limit)
                co_await process_.sleep(5ms);
            if (own.log.size() < command.token->lsn.value()) {
                refusal = "not-caught-up";
                break;
            }
            if (own.timeline > command.token->timeline || std::to_string(own.system_id) != command.token->system_id) {
                refusal = "token-mismatch";
                break;
            }
        }
        if (unseen && !ours) {
            // The mistake: the command alone is believed, and the page is armed as if the epoch were proved.
            core::LeaseRecord believed{.region = World::name_of(index_), .epoch = command.epoch};
            lease_ = believed;
            holder_.emplace(command.epoch, world_.terms());
            tell(core::RenewalStored{process_.now()});
        } else if (!proved_before || !holder_) {
            refusal = co_await become_writer(core::Sync::degraded);
            if (!refusal.empty()) break;
        }
        const bool opened = co_await open(Configured::anew);
        if (!opened) refusal = "fenced-meanwhile";
    } while (false);
    acting_ = false;
    co_return refusal;
}

Task<std::string> Agent::pause(Epoch epoch, Duration limit) {
    if (!holder_ || holder_->epoch() != epoch || !holder_->deadline()) co_return "stale-epoch";
    paused_ = true;
    world_.write_page(index_, PageState::paused, epoch, *holder_->deadline());
    if (world_.planted(Planted::pause_does_not_end_by_itself)) co_return "";
    process_.spawn([](Agent& self, Epoch of, Duration after) -> Task<> {
        co_await self.process_.sleep(after);
        const bool still = self.holder_ && self.holder_->epoch() == of && self.paused_ && !self.release_with_;
        if (!still || !self.holder_->deadline()) co_return;
        self.paused_ = false;
        self.world_.write_page(self.index_, PageState::writing, of, *self.holder_->deadline());
    }(*this, epoch, limit));
    co_return "";
}

Task<std::string> Agent::fence(Epoch epoch) {
    if (!holder_ || holder_->epoch() != epoch) co_return holder_ ? "stale-epoch" : "";
    gave_up_at_ = epoch;
    lose();
    here().database.kill();
    co_return "";
}

Task<std::string> Agent::demote(Epoch epoch) {
    if (!holder_ && lease_ && lease_->region == World::name_of(index_) && lease_->epoch == epoch && lease_->released)
        co_return "";  // told twice: done once
    if (!holder_ || holder_->epoch() != epoch) co_return "stale-epoch";
    if (acting_) co_return "busy";
    Database& own = here().database;
    const bool waits = !world_.planted(Planted::switchover_skips_the_last_writes);
    if (waits && (!streaming() || lease_->sync != core::Sync::in_step)) co_return "standby-not-in-step";
    acting_ = true;
    paused_ = true;
    if (holder_->deadline()) world_.write_page(index_, PageState::paused, epoch, *holder_->deadline());
    // A stop ships everything to a standby that listens, and ends for good.
    if (waits) {
        const TimePoint limit = process_.now() + world_.scaled(5s);
        while (own.standby_has < own.log.size() && process_.now() < limit && own.running && holder_)
            co_await process_.sleep(5ms);
    }
    const std::size_t end = own.log.size();
    const bool shipped = !waits || own.standby_has >= end;
    if (!shipped || !own.running || !holder_) {
        acting_ = false;
        paused_ = false;
        co_return "stop-failed";
    }
    own.kill();
    release_with_ =
        core::PromotionToken{.system_id = std::to_string(own.system_id), .timeline = own.timeline, .lsn = Lsn(end)};
    for (const TimePoint limit = process_.now() + world_.scaled(5s); holder_ && process_.now() < limit;) {
        if (!renewing_) co_await renew(process_.now());
        if (lease_ && lease_->released) break;
        co_await process_.sleep(5ms);
    }
    const bool released = lease_ && lease_->released;
    holder_.reset();
    world_.write_page(index_, PageState::paused, epoch, process_.now());
    paused_ = false;
    release_with_.reset();
    acting_ = false;
    co_return released ? "" : "not-released";
}

}  // namespace cloudshelf::sim
