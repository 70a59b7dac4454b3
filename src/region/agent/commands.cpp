#include "region/agent/commands.hpp"

#include "io/background.hpp"
#include "io/log.hpp"

namespace cloudshelf::region {

using namespace std::chrono_literals;

Commands::Commands(
    io::Executor executor,
    const AgentConfig& config,
    WriteLease& lease,
    StoreClient& store,
    Promises& promises,
    Server& server,
    Role& role
)
    : executor_(std::move(executor)),
      config_(config),
      lease_(lease),
      store_(store),
      promises_(promises),
      server_(server),
      role_(role) {}

// --- promotion -----------------------------------------------------------------------------------------------------

io::Task<Result<void>> Commands::promote(Promotion command) {
    const TimePoint began = io::now();
    const core::PromotionOrder order = command.order;
    if (role_.is_acting()) co_return fail("busy", role_.detail());
    const bool proved_before = lease_.is_held_at(order.epoch);
    if (proved_before && server_.seen().running && !server_.seen().in_recovery) co_return Result<void>{};
    const auto fits = core::check_order(order, {.known = promises_.epochs(), .holds = lease_.held()});
    if (!fits) co_return fits;
    if (!server_.is_whole()) co_return fail("no-data", "there is no database here to promote");
    const auto turn = role_.take_turn();

    // The store first: a command that it does not bear out changes nothing here. Remembering an epoch that nobody has
    // would end our promises to the writer.
    const auto found = co_await store_.read();
    if (!found) co_return fail("store-unreachable", found.error().message);
    const auto lease = *found ? std::optional((*found)->record) : std::nullopt;
    if (const auto ours = core::check_lease(order, config_.region, lease); !ours) co_return ours;
    // From now on nothing older is promised, whatever happens to us.
    if (const auto known = promises_.learn(order.epoch, core::Whose::ours); !known)
        co_return fail("not-durable", known.error().message);
    lease_.saw(**found);
    if (const auto fenced = core::check_fence(order, *lease); !fenced) co_return fenced;
    const auto free = co_await wait_for_promises(command);
    if (!free) co_return free;
    const auto replayed = co_await wait_for_replay(command);
    if (!replayed) co_return replayed;
    // The epoch may be proved already, by a command whose opening failed.
    if (!proved_before || !lease_.is_held()) {
        const auto proved = co_await prove();
        if (!proved) co_return proved;
    }
    const auto opened = co_await open(command.deadline);
    if (!opened) co_return opened;
    role_.say("writing");
    io::log(
        io::Level::warning,
        "agent.promoted",
        {{"epoch", std::to_string(order.epoch.value())}, {"took_ms", std::to_string((io::now() - began) / 1ms)}}
    );
    io::run_in_background(executor_, role_.after_opening());
    co_return Result<void>{};
}

io::Task<Result<void>> Commands::wait_for_promises(Promotion command) {
    const TimePoint until = promises_.binding_until(lease_.record()->fence);
    const Duration wait = until - io::now();
    if (wait <= Duration::zero()) co_return Result<void>{};
    if (until > command.deadline.at())
        co_return fail("promise-outstanding", "a promise to the old writer has not run out");
    co_await io::wait_for(wait);
    co_return Result<void>{};
}

io::Task<Result<void>> Commands::wait_for_replay(Promotion command) {
    if (!command.token) co_return Result<void>{};
    core::Replayed replayed;
    for (;;) {
        const auto seen = co_await server_.look();
        if (seen) replayed = {.system_id = seen->system_id, .timeline = seen->timeline, .lsn = seen->replayed};
        if (seen && seen->replayed > command.token->lsn) break;
        if (command.deadline.remaining() < 500ms) break;
        co_await io::wait_for(2ms);
    }
    co_return core::check_replayed(*command.token, replayed);
}

io::Task<Result<void>> Commands::prove() {
    const auto proved = co_await lease_.take_up(core::Sync::degraded);
    if (proved) co_return proved;
    const bool stale = proved.error().code == "conflict";
    co_return fail(stale ? "stale-epoch" : "store-unreachable", proved.error().message);
}

io::Task<Result<void>> Commands::open(io::Deadline deadline) {
    const bool standby = server_.is_standby();
    auto opening = standby ? server_.promote(deadline) : server_.start_as_writer();
    const auto opened = co_await std::move(opening);
    if (!opened) co_return opened;
    [[maybe_unused]] const auto seen = co_await server_.look();
    co_return Result<void>{};
}

// --- switchover ----------------------------------------------------------------------------------------------------

io::Task<Result<void>> Commands::prepare_switchover() {
    return server_.checkpoint();
}

Result<void> Commands::pause(Epoch epoch, Duration limit) {
    if (!lease_.is_held_at(epoch) || !lease_.deadline())
        return fail("stale-epoch", "this region does not write at that epoch");
    lease_.pause();
    io::run_in_background(executor_, resume_after(epoch, limit));
    return {};
}

io::Task<void> Commands::resume_after(Epoch epoch, Duration limit) {
    co_await io::wait_for(limit);
    // Nobody finished what began with the pause: its effect undoes itself.
    if (lease_.is_held_at(epoch) && lease_.is_pausing() && !lease_.is_releasing()) lease_.resume();
}

io::Task<Result<core::PromotionToken>> Commands::demote(Epoch epoch) {
    const auto& lease = lease_.record();
    const bool released_before = !lease_.is_held() && lease && lease->region == config_.region &&
                                 lease->epoch == epoch && lease->released && lease->token;
    if (released_before) co_return *lease->token;  // told twice: done once
    if (!lease_.is_held_at(epoch)) co_return fail("stale-epoch", "this region does not write at that epoch");
    if (role_.is_acting()) co_return fail("busy", role_.detail());
    // A stop waits for a standby that listens, and for no other: without one, what it lacks would be lost.
    if (!server_.seen().streaming || !lease || lease->sync != core::Sync::in_step)
        co_return fail("standby-not-in-step", "the standby does not have everything: nothing was stopped");
    const auto turn = role_.take_turn();
    lease_.pause();
    const auto token = co_await server_.stop_for_switchover(10s);
    if (!token) {
        lease_.resume();
        co_return token;
    }
    const bool released = co_await lease_.release(*token);
    if (released) co_return token;
    co_return fail("not-released", "PostgreSQL was stopped, but the lease could not be released");
}

io::Task<Result<void>> Commands::fence(Epoch epoch) {
    if (!lease_.is_held()) co_return Result<void>{};  // it does not write
    if (!lease_.is_held_at(epoch)) co_return fail("stale-epoch", "this region writes at another epoch");
    // Whatever runs out runs out; this region does not take it up again at this epoch.
    const auto ended = co_await role_.give_up("told to end: the writer moves");
    co_return ended;
}

}  // namespace cloudshelf::region
