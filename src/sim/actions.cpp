// What the controller's steps do, as src/controller/actions.cpp does it.
#include "core/procedures.hpp"
#include "sim/controller.hpp"

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration look_again_after = 20ms;  // while the lease is held: it may be let go of at any time

std::function<Task<std::string>(Agent&)> fences(Epoch epoch) {
    return [epoch](Agent& agent) { return agent.fence(epoch); };
}

}  // namespace

Task<std::string> Controller::act(std::string action, core::Execution& execution, TimePoint deadline) {
    const std::size_t to = World::index_of(execution.header().to);
    const std::size_t from = World::index_of(execution.header().from);
    if (action == "pause-writes" || action == "demote-writer") co_await refresh();
    const auto writer_epoch = taker_.record() ? taker_.record()->epoch : Epoch(0);
    const bool from_writes = taker_.record() && taker_.record()->region == execution.header().from;
    const bool released = taker_.record() && taker_.record()->released;
    std::string problem;
    if (action == "fence-old-writer" || action == "take-lease") {
        problem = co_await take_lease(execution, deadline);
    } else if (action == "promote-database") {
        problem = co_await promote(execution, deadline);
    } else if (action == "prepare" || action == "check-preconditions") {
        const auto status = co_await status_of(to, 1s);
        const auto& record = taker_.record();
        const bool in_step = status && status->streaming && record && record->sync == core::Sync::in_step;
        if (!status) problem = "no-answer";
        if (action == "check-preconditions" && !in_step) problem = "guard.not-caught-up";
    } else if (action == "smoke-tests" || action == "point-functions") {
        problem = co_await try_order(to, deadline);
    } else if (action == "switch-traffic") {
        problem = co_await switch_names(execution, deadline);
    } else if (action == "verify-outside") {
        problem = co_await verify_outside(execution);
    } else if (action == "pause-writes" || action == "demote-writer") {
        if (!from_writes) co_return "stale-epoch";
        if (released) co_return "";
        const bool pauses = action == "pause-writes";
        std::function<Task<std::string>(Agent&)> what = [pauses, writer_epoch](Agent& agent) {
            return pauses ? agent.pause(writer_epoch, 15s) : agent.demote(writer_epoch);
        };
        problem = co_await ask_agent(from, std::move(what), deadline);
        co_await refresh();
    } else if (action == "resume-writes" || action == "resume-old-writer") {
        world_.sometimes("a switchover was undone");
        problem = co_await resume_writer(execution, deadline);
    }
    co_return problem;
}

Task<std::string> Controller::ask_agent(
    std::size_t i, std::function<Task<std::string>(Agent&)> what, TimePoint deadline
) {
    const auto answer = co_await call<std::string>(
        world_.network(),
        process_,
        world_.region(i).agent,
        [&world = world_, i, what] { return what(world.agent(i)); },
        std::max<Duration>(1ms, deadline - process_.now())
    );
    co_return answer.value_or("no-answer");
}

Task<std::string> Controller::check_standby_for(const core::Execution& execution) {
    const RegionName to = execution.header().to;
    if (to == execution.header().from) co_return "";
    const auto status = co_await status_of(World::index_of(to), 1s);
    if (!status) co_return "no-answer";
    co_return status->has_data && status->role != "rejoining" ? "" : "guard.no-standby";
}

Task<std::string> Controller::take_lease(core::Execution& execution, TimePoint deadline) {
    const auto& header = execution.header();
    const TimePoint begun = process_.now();
    if (const std::string stands = co_await check_standby_for(execution); !stands.empty()) co_return stands;
    if (header.mode == core::Mode::disaster &&
        (header.notes.contains("by-a-person") || header.notes.contains("approved-by")) && taker_.record()) {
        // The old writer may live: it is told to end. If it does not hear of it, its lease runs out.
        process_.spawn([](Controller& self, std::size_t from, Epoch epoch) -> Task<> {
            const TimePoint limit = self.process_.now() + 500ms;
            [[maybe_unused]] const std::string told = co_await self.ask_agent(from, fences(epoch), limit);
        }(*this, World::index_of(header.from), taker_.record()->epoch));
    }
    for (;;) {
        co_await refresh();
        const auto& record = taker_.record();
        if (!record) co_return "controller.no-lease";
        if (record->region == header.to && record->epoch == header.epoch) co_return "";
        if (record->epoch >= header.epoch) co_return "stale-epoch";
        if (taker_.may_take(process_.now()) || world_.planted(Planted::taker_does_not_wait)) break;
        if (process_.now() - begun > 2 * world_.terms().taker() + 1s) {
            world_.sometimes("the writer was back before its lease ran out");
            co_return "guard.writer-is-back";
        }
        const auto available = taker_.available_at();
        if (!available) co_return "guard.store-forgot";
        if (*available > deadline) co_return "lease-held";
        co_await process_.sleep(std::min<Duration>(*available - process_.now() + 1us, look_again_after));
    }
    const core::LeaseRecord old = *taker_.record();
    const std::uint64_t seen = taker_.revision();
    const bool accepts = header.notes.contains("accepts-loss") || header.notes.contains("approved-by") ||
                         world_.planted(Planted::loss_guard_ignored) ||
                         world_.planted(Planted::old_standby_is_promoted_unasked);
    if (const auto stay = core::may_not_take(old, header.to, accepts ? core::AcceptLoss::yes : core::AcceptLoss::no)) {
        world_.sometimes("a move was stopped: the writer degraded meanwhile");
        co_return stay->code;
    }
    if (const std::string stands = co_await check_standby_for(execution); !stands.empty()) co_return stands;
    if (old.released && old.token && old.region != header.to &&
        !world_.planted(Planted::switchover_skips_the_last_writes)) {
        const std::string caught_up =
            co_await wait_for_replay(World::index_of(header.to), old.token->lsn.value(), deadline);
        if (!caught_up.empty()) co_return caught_up;
    }
    const core::LeaseRecord next{
        .region = header.to,
        .epoch = header.epoch,
        .sync = core::Sync::degraded,
        .fence =
            {.how = old.released ? core::FenceHow::acknowledged : core::FenceHow::lease_ran_out, .epoch = old.epoch},
        .token = old.released && old.region != header.to ? old.token : std::nullopt,
    };
    const StoreAnswer answer = co_await compare_and_swap(seen, next);
    if (!answer.reached) co_return "store.no-answer";
    if (!answer.stored) world_.sometimes("the writer renewed at the last moment");
    co_return answer.stored ? "" : "lease-renewed";
}

/// Before there is no way back: the new writer must have all that the old one wrote.
Task<std::string> Controller::wait_for_replay(std::size_t region, std::uint64_t position, TimePoint deadline) {
    while (process_.now() < deadline) {
        const auto status = co_await status_of(region, 500ms);
        if (status && status->replayed >= position) co_return "";
        co_await process_.sleep(5ms);
    }
    co_return "not-caught-up";
}

Task<std::string> Controller::promote(core::Execution& execution, TimePoint whole) {
    // An answer that was lost on the way must not cost the whole step: told twice, an agent does it once.
    const TimePoint deadline = std::min(whole, process_.now() + 2 * world_.terms().taker() + world_.scaled(3s));
    co_await refresh();
    const auto header = execution.header();
    const auto record = taker_.record();
    if (!record || record->region != header.to || record->epoch != header.epoch) co_return "stale-epoch";
    if (record->token) {
        execution.note("lsn", std::to_string(record->token->lsn.value()));
        execution.note("timeline", std::to_string(record->token->timeline));
        execution.note("system", record->token->system_id);
    }
    Promotion command{.epoch = header.epoch, .fence = record->fence, .limit = deadline - process_.now() - 100ms};
    const auto& notes = execution.header().notes;
    if (notes.contains("lsn")) {
        command.token = core::PromotionToken{
            .system_id = notes.at("system"),
            .timeline = static_cast<std::uint32_t>(std::stoul(notes.at("timeline"))),
            .lsn = Lsn(std::stoull(notes.at("lsn"))),
        };
    }
    std::function<Task<std::string>(Agent&)> what = [command](Agent& agent) { return agent.promote(command); };
    const std::string answer = co_await ask_agent(World::index_of(header.to), std::move(what), deadline);
    co_return answer;
}

Task<std::string> Controller::try_order(std::size_t at, TimePoint deadline) {
    while (process_.now() < deadline) {
        const auto answer = co_await call<int>(
            world_.network(),
            process_,
            world_.region(at).server,
            [&region = world_.region(at)]() -> Task<int> {
                co_return region.database.is_open() && region.page.may_write(region.server.now()) ? 1 : 0;
            },
            500ms
        );
        if (answer.value_or(0) == 1) co_return "";
        co_await process_.sleep(20ms);
    }
    co_return "no-writer";
}

// --- the names -----------------------------------------------------------------------------------------------------

Task<std::string> Controller::change_names(
    std::size_t site, std::uint64_t epoch, std::uint64_t change, std::size_t to
) {
    std::function<Task<std::string>(Agent&)> what = [epoch, change, to](Agent& agent) {
        return agent.change_names(epoch, change, to);
    };
    const std::string answer = co_await ask_agent(site, std::move(what), process_.now() + 500ms);
    co_return answer;
}

Task<std::string> Controller::point_names(std::size_t site, std::uint64_t epoch, std::size_t to) {
    const std::string first = co_await change_names(site, epoch, 1, to);
    if (first != "stale-epoch") co_return first;
    // Of this epoch, and further: it was there before, or a region cut off meanwhile sent its customers away.
    const auto there = co_await status_of(site, 500ms);
    if (!there || there->names_epoch != epoch) co_return first;
    if (!there->sent_away) co_return "";
    const std::string second = co_await change_names(site, epoch, there->names_change + 1, to);
    co_return second;
}

bool Controller::has_to_follow(std::size_t site, std::size_t to) const {
    const auto part = site == to  ? core::NameserverOf::target
                      : site == 2 ? core::NameserverOf::witness
                                  : core::NameserverOf::old_writer;
    return core::has_to_follow(part, seen_[site].agent);
}

Task<std::string> Controller::switch_names(core::Execution& execution, TimePoint) {
    const auto header = execution.header();
    const std::size_t to = World::index_of(header.to);
    std::string problem;
    for (const std::size_t site : {to, std::size_t{2}, 1 - to}) {
        const std::string pointed = co_await point_names(site, header.epoch.value(), to);
        if (!pointed.empty() && has_to_follow(site, to)) problem = pointed;
    }
    co_return problem;
}

Task<std::string> Controller::verify_outside(core::Execution& execution) {
    const std::size_t to = World::index_of(execution.header().to);
    for (std::size_t site = 0; site < 3; ++site) {
        const Region& there = world_.region(site);
        const bool asked = world_.network().meets(process_.site(), static_cast<Site>(site)) && there.names_answer();
        if (!has_to_follow(site, to) || (asked && there.names.points_to == to)) continue;
        // Something happened since the switch: a region that was cut off pointed its names elsewhere.
        const std::string pointed = co_await point_names(site, execution.header().epoch.value(), to);
        co_return pointed.empty() ? "not-switched" : pointed;
    }
    co_return "";
}

Task<std::string> Controller::resume_writer(core::Execution& execution, TimePoint deadline) {
    co_await refresh();
    const auto record = taker_.record();
    const RegionName from = execution.header().from;
    if (!record) co_return "controller.no-lease";
    if (record->region != from) co_return "";
    if (!record->released) {
        std::function<Task<std::string>(Agent&)> what = [epoch = record->epoch](Agent& agent) {
            return agent.pause(epoch, 0s);
        };
        const std::string answer = co_await ask_agent(World::index_of(from), std::move(what), deadline);
        co_return answer;
    }
    core::Execution back = *core::Execution::make(
        {.id = execution.header().id, .from = from, .to = from, .epoch = Epoch(record->epoch.value() + 1)}, {}
    );
    const std::string taken = co_await take_lease(back, deadline);
    if (!taken.empty()) co_return taken;
    const std::string promoted = co_await promote(back, deadline);
    co_return promoted;
}

}  // namespace cloudshelf::sim
