#include "region/agent/role.hpp"

#include "io/log.hpp"

#include <fmt/format.h>

namespace cloudshelf::region {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_again = 20ms;  // while a role is being taken

core::StandbyView standby_of(const postgres::Observation& seen) {
    return {
        .streams = seen.streaming, .is_waited_for = seen.standby_is_sync, .written = seen.lsn, .lag = seen.lag_bytes
    };
}

io::Task<Result<void>> nothing_to_do() {
    co_return Result<void>{};
}

}  // namespace

Role::Role(const AgentConfig& config, WriteLease& lease, Promises& promises, Server& server)
    : config_(config), lease_(lease), promises_(promises), server_(server) {
    lease_.when_lost([this](const std::string& why) { say(why); });
}

io::Task<void> Role::look() {
    for (;;) {
        if (lease_.is_held()) {
            co_await care_for_server();
            co_await keep_in_step();
        } else if (!acting_) {
            const auto lease = co_await lease_.look();
            if (lease && !acting_) lease_.show_not_held();
            if (!lease_.is_held() && !acting_) {
                const core::NextMove move = co_await next_move(lease);
                if (!acting_) co_await take(move);
            }
        }
        const Duration pause = acting_ ? look_again : config_.probe_interval;
        co_await io::wait_for(pause);
    }
}

io::Task<core::NextMove> Role::next_move(std::optional<core::LeaseRecord> lease) {
    const bool running = co_await server_.is_running();
    if (quarantined_) co_return core::NextMove::wait;
    const core::LocalState local{
        .has_data = server_.is_whole(),
        .is_standby = server_.is_standby(),
        .is_running = running,
        .holds_lease = lease_.is_held(),
        .known = promises_.known(),
        .gave_up = lease && lease->epoch == gave_up_at_,
    };
    co_return core::next_move(config_.region, lease, local);
}

io::Task<void> Role::take(core::NextMove move) {
    if (move == core::NextMove::nothing || move == core::NextMove::wait) {
        const auto& lease = lease_.record();
        if (!quarantined_)
            detail_ = lease && lease->region != config_.region ? "following " + lease->region.value() : "waiting";
        co_return;
    }
    const Turn turn = take_turn();
    detail_ = core::name(move);
    io::log(io::Level::info, "agent.role", {{"move", core::name(move)}});
    const auto done = co_await carry_out(move);
    if (done) co_return;
    detail_ = done.error().message;
    io::log(io::Level::warning, "agent.role-failed", {{"move", core::name(move)}, {"why", done.error().message}});
    co_await io::wait_for(200ms);
}

io::Task<Result<void>> Role::carry_out(core::NextMove move) {
    switch (move) {
        case core::NextMove::distrust:
            return distrust();
        case core::NextMove::initialize:
            return initialize();
        case core::NextMove::resume:
            return resume();
        case core::NextMove::follow:
            return server_.start_as_standby_of(config_.peer->postgres);
        case core::NextMove::rejoin:
            return rejoin();
        case core::NextMove::stop_writing:
            return server_.kill();
        case core::NextMove::nothing:
        case core::NextMove::wait:
            break;
    }
    return nothing_to_do();
}

io::Task<Result<void>> Role::distrust() {
    detail_ = fmt::format(
        "the store knows epoch {}, we remember {}: a person has to look",
        lease_.record()->epoch.value(),
        promises_.known().value()
    );
    io::log(io::Level::error, "agent.store-forgot", {{"known", std::to_string(promises_.known().value())}});
    co_await io::wait_for(1s);
    co_return Result<void>{};
}

io::Task<Result<void>> Role::initialize() {
    const auto made = co_await server_.initialize();
    if (!made) co_return made;
    if (const auto known = promises_.learn(lease_.record()->epoch, core::Whose::ours); !known) co_return known;
    const auto proved = co_await lease_.take_up(core::Sync::degraded);
    if (!proved) co_return proved;
    const auto started = co_await server_.start_primary();
    if (!started) co_return started;
    co_await after_opening();
    co_return Result<void>{};
}

io::Task<Result<void>> Role::resume() {
    const bool running = co_await server_.is_running();
    // A server that is started again waits for nobody until its standby is back; the record says so first.
    const core::Sync sync = running ? lease_.record()->sync : core::Sync::degraded;
    // Newer than what we know where the store was made anew and continues our epoch.
    if (const auto known = promises_.learn(lease_.record()->epoch, core::Whose::ours); !known) co_return known;
    const auto proved = co_await lease_.take_up(sync);
    if (!proved || running) co_return proved;
    const auto started = co_await server_.start_as_writer();
    if (!started) co_return started;
    co_await after_opening();
    co_return Result<void>{};
}

io::Task<Result<void>> Role::rejoin() {
    if (const auto known = promises_.learn(lease_.record()->epoch, core::Whose::anothers); !known) co_return known;
    rejoining_ = true;
    const auto report = co_await server_.rejoin(config_.peer->postgres);
    rejoining_ = false;
    stranded_writes_ += report.stranded_writes;
    if (report.how == postgres::Rejoined::quarantined) {
        detail_ = report.detail;
        // A writer that cannot be reached yet is no reason to give up; anything else is for a person.
        quarantined_ = !report.again;
        io::log(quarantined_ ? io::Level::error : io::Level::info, "agent.rejoin-failed", {{"why", report.detail}});
        co_await io::wait_for(200ms);
        co_return Result<void>{};
    }
    io::log(
        io::Level::info,
        "agent.rejoined",
        {{"how", report.how == postgres::Rejoined::rewound ? "rewound" : "cloned"},
         {"stranded_writes", std::to_string(report.stranded_writes)},
         {"detail", report.detail}}
    );
    const auto started = co_await server_.start_standby();
    co_return started;
}

io::Task<void> Role::after_opening() {
    for (const auto deadline = io::Deadline::after(30s); !deadline.passed();) {
        const auto done = co_await server_.provision();
        if (done) break;
        detail_ = done.error().message;
        co_await io::wait_for(50ms);
    }
    // The next rewind of the other region reads our control file, which has to know the new timeline.
    const auto checkpointed = co_await server_.checkpoint();
    if (!checkpointed) io::log(io::Level::warning, "agent.checkpoint-failed", {{"why", checkpointed.error().message}});
    detail_ = "writing";
}

io::Task<Result<void>> Role::give_up(std::string why) {
    gave_up_at_ = *lease_.held();
    lease_.lose(why);
    return server_.kill();
}

// --- the writer's duty to its server -------------------------------------------------------------------------------

io::Task<void> Role::care_for_server() {
    if (acting_ || lease_.is_pausing()) co_return;
    if (server_.seen().running) {
        unanswered_since_.reset();
        failed_starts_ = 0;
        co_return;
    }
    const TimePoint now = io::now();
    if (!unanswered_since_) unanswered_since_ = now;
    const bool running = co_await server_.is_running();
    if (!lease_.is_held()) co_return;
    const core::ServerCare care = core::server_care(now - *unanswered_since_, running, failed_starts_);
    if (care == core::ServerCare::start) {
        const Turn turn = take_turn();
        io::log(io::Level::warning, "agent.server-gone", {{"starts", std::to_string(failed_starts_ + 1)}});
        const auto started = co_await server_.start_primary();
        // Until it answers, this start counts as failed; crash recovery gets its time anew.
        ++failed_starts_;
        unanswered_since_ = io::now();
        if (!started) detail_ = started.error().message;
    } else if (care == core::ServerCare::give_up) {
        const Turn turn = take_turn();
        const auto killed = co_await give_up("PostgreSQL does not come back: the other region may take over");
        if (!killed) io::log(io::Level::error, "agent.kill-failed", {{"why", killed.error().message}});
    }
}

io::Task<void> Role::keep_in_step() {
    const auto& seen = server_.seen();
    if (!seen.running || seen.in_recovery || acting_ || lease_.is_pausing() || !lease_.record()) co_return;
    core::SyncKeeper& sync = lease_.sync();
    const core::Sync before = sync.wanted();
    const core::CommitsWait wait = sync.look(lease_.record()->sync, standby_of(seen), io::now());
    if (before == core::Sync::in_step && sync.wanted() != before)
        io::log(io::Level::warning, "agent.standby-out-of-step", {{"sync", core::name(sync.wanted())}});
    if (wait == core::CommitsWait::as_before) co_return;
    const auto set = co_await server_.set_synchronous(wait == core::CommitsWait::for_standby);
    if (set && wait == core::CommitsWait::for_standby) sync.waits(standby_of(server_.seen()));
    if (!set && wait == core::CommitsWait::for_nobody) detail_ = set.error().message;
}

io::Task<void> Role::maintain() {
    for (;;) {
        co_await io::wait_for(1s);
        const auto& seen = server_.seen();
        if (!lease_.is_held() || !seen.running || seen.in_recovery || acting_ || lease_.is_releasing()) continue;
        const auto done = co_await server_.maintain();
        if (!done) io::log(io::Level::debug, "agent.maintain-failed", {{"why", done.error().message}});
    }
}

}  // namespace cloudshelf::region
