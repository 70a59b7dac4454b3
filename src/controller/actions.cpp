#include "controller/actions.hpp"

#include "controller/smoke_shopper.hpp"
#include "controller/tables_check.hpp"
#include "core/move_policy.hpp"
#include "core/procedures.hpp"
#include "io/background.hpp"
#include "io/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Duration look_again_after = 20ms;  // while the lease is held: it may be let go of at any time

std::unexpected<Error> again(std::string code, std::string message) {
    return fail(Error{.code = std::move(code), .message = std::move(message), .retryable = true});
}

}  // namespace

io::Task<void> Actions::refresh() {
    const auto known = taker_.mark();
    const auto found = co_await services_.store.get(config_.lease_key());
    if (!found || !*found) co_return;
    if (const auto record = core::parse_lease((*found)->value))
        taker_.heard(known, (*found)->revision, *record, io::now());
}

io::Task<Result<void>> Actions::perform(std::string action, core::Execution& execution, io::Deadline deadline) {
    const RegionName to = execution.header().to;
    const auto shopper = [this](const RegionName& region) {
        return SmokeShopper(services_.gateways, config_.site(region)->gateway);
    };
    Result<void> done = fail("controller.no-action", fmt::format("no action \"{}\"", action));
    if (action == "fence-old-writer" || action == "take-lease") done = co_await take_lease(execution, deadline);
    if (action == "prepare") done = co_await check_standby(to, deadline);
    if (action == "check-preconditions") done = co_await check_in_step(to, deadline);
    if (action == "promote-database") done = co_await promote(execution, deadline);
    if (action == "point-functions") done = co_await point_functions(to, deadline);
    if (action == "warm-functions") done = co_await shopper(to).search(deadline);
    if (action == "check-tables") done = co_await look_at_tables(execution, deadline);
    if (action == "use-replica-bucket") done = co_await look_at_website(to, deadline);
    if (action == "test-cart") done = co_await shopper(to).use_cart(deadline);
    if (action == "smoke-tests") done = co_await shopper(to).order(deadline);
    if (action == "switch-traffic") done = co_await switch_traffic(to, execution.header().epoch, deadline);
    if (action == "verify-outside") done = co_await verify_outside(to, execution.header().epoch, deadline);
    if (action == "prepare-switchover") done = co_await tell_writer("prepare-switchover", execution, 0s, deadline);
    if (action == "pause-writes") done = co_await tell_writer("pause", execution, 15s, deadline);
    if (action == "demote-writer") done = co_await demote(execution, deadline);
    if (action == "resume-writes" || action == "resume-old-writer") done = co_await resume_writer(execution, deadline);
    if (action == "notify") done = Result<void>{};  // the journal entry is the notice, until there are channels
    co_return done;
}

io::Task<Result<std::string>> Actions::agent(
    io::Endpoint to, std::string call, std::string body, io::Deadline deadline
) {
    io::HttpRequest request{
        .method = "POST",
        .target = "/v1/" + call,
        .headers = {{"Authorization", "Bearer " + services_.site_token}, {"Content-Type", "application/json"}},
        .body = std::move(body),
    };
    const auto answer = co_await services_.agents.send(std::move(to), std::move(request), deadline);
    if (!answer) co_return fail(answer.error());
    if (answer->status < 300) co_return answer->body;
    boost::system::error_code bad;
    const json::value value = json::parse(answer->body, bad);
    std::string code = fmt::format("http.{}", answer->status);
    std::string message = answer->body;
    if (!bad && value.is_object() && value.as_object().contains("error")) {
        code = json::value_to<std::string>(value.at("error").at("code"));
        message = json::value_to<std::string>(value.at("error").at("message"));
    }
    co_return fail(
        Error{.code = code, .message = fmt::format("{}: {}", call, message), .retryable = code != "stale-epoch"}
    );
}

io::Task<Result<json::value>> Actions::status_of(RegionName region, io::Deadline deadline) {
    io::HttpRequest request{.target = "/v1/status", .headers = {{"Authorization", "Bearer " + services_.site_token}}};
    const auto answer = co_await services_.agents.send(config_.site(region)->agent, std::move(request), deadline);
    if (!answer) co_return fail(answer.error());
    boost::system::error_code bad;
    json::value status = json::parse(answer->body, bad);
    if (bad || answer->status != 200) co_return fail("controller.bad-answer", answer->body);
    co_return status;
}

io::Task<Result<void>> Actions::check_standby(RegionName region, io::Deadline deadline) {
    const auto status = co_await status_of(region, deadline.sooner(1s));
    if (!status) co_return fail(status.error());
    co_return Result<void>{};
}

io::Task<Result<void>> Actions::check_in_step(RegionName region, io::Deadline deadline) {
    const auto status = co_await status_of(region, deadline.sooner(2s));
    if (!status) co_return fail(status.error());
    boost::system::error_code none;
    const auto* streams = status->find_pointer("/postgres/streaming", none);
    const auto& record = taker_.record();
    if (!record || record->sync != core::Sync::in_step || !streams || !streams->is_bool() || !streams->as_bool())
        co_return fail("guard.not-caught-up", fmt::format("{} is not in step with the writer", region.value()));
    co_return Result<void>{};
}

io::Task<Result<void>> Actions::check_standby_for(const core::Execution& execution, io::Deadline deadline) {
    // What was there when the move was decided may be half rewound by now.
    const RegionName to = execution.header().to;
    if (to == execution.header().from) co_return Result<void>{};
    const auto status = co_await status_of(to, deadline.sooner(1s));
    if (!status) co_return again(status.error().code, status.error().message);
    boost::system::error_code none;
    const auto* has_data = status->find_pointer("/has_data", none);
    if (!has_data || !has_data->is_bool() || !has_data->as_bool())
        co_return fail("guard.no-standby", fmt::format("{} has no database to promote now", to.value()));
    co_return Result<void>{};
}

io::Task<Result<void>> Actions::take_lease(core::Execution& execution, io::Deadline deadline) {
    const auto& header = execution.header();
    const TimePoint begun = io::now();
    if (const auto stands = co_await check_standby_for(execution, deadline); !stands) co_return fail(stands.error());
    const bool by_person = header.notes.contains("by-a-person") || header.notes.contains("approved-by");
    if (header.mode == core::Mode::disaster && by_person && taker_.record()) {
        // The old writer may live: it is told to end. If it does not hear of it, its lease runs out all the same.
        io::run_in_background(services_.executor, tell_to_fence(header.from, taker_.record()->epoch));
    }
    for (;;) {
        co_await refresh();
        const auto& record = taker_.record();
        if (!record) co_return fail("controller.no-lease", "there is no lease to take");
        if (record->region == header.to && record->epoch == header.epoch) co_return Result<void>{};  // done before
        if (record->epoch >= header.epoch)
            co_return fail("stale-epoch", fmt::format("epoch {} exists", record->epoch.value()));
        const TimePoint now = io::now();
        if (taker_.may_take(now)) break;
        if (now - begun > 2 * config_.terms.taker() + 1s)
            co_return fail("guard.writer-is-back", "the writer renews its lease again: nothing was moved");
        const auto available = taker_.available_at();
        if (!available) co_return fail("guard.store-forgot", "the store forgot what it knew: a person has to look");
        if (*available > deadline.at()) co_return again("controller.lease-held", "the writer still renews its lease");
        co_await io::wait_for(std::min<Duration>(*available - now, look_again_after));
    }
    const core::LeaseRecord old = *taker_.record();
    const std::uint64_t revision = taker_.revision();
    const bool accepts = header.notes.contains("accepts-loss") || header.notes.contains("approved-by");
    if (const auto stay = core::may_not_take(old, header.to, accepts ? core::AcceptLoss::yes : core::AcceptLoss::no))
        co_return fail(stay->code, stay->why);
    if (const auto stands = co_await check_standby_for(execution, deadline); !stands) co_return fail(stands.error());
    if (old.released && old.token && old.region != header.to) {
        // Before there is no way back: the new writer must have all that the old one wrote.
        const auto caught_up = co_await wait_for_replay(header.to, old.token->lsn, deadline);
        if (!caught_up) co_return fail(caught_up.error());
    }
    core::LeaseRecord next{
        .region = header.to,
        .epoch = header.epoch,
        .beat = 0,
        .sync = core::Sync::degraded,
        .fence =
            {.how = old.released ? core::FenceHow::acknowledged : core::FenceHow::lease_ran_out, .epoch = old.epoch},
        // The old writer itself has what it wrote.
        .token = old.released && old.region != header.to ? old.token : std::nullopt,
    };
    const auto known = taker_.mark();
    const auto swapped = co_await services_.store.compare_and_swap(config_.lease_key(), revision, core::to_json(next));
    // Where that is unknown, the next attempt finds our own record, or takes the lease.
    if (!swapped) co_return again(swapped.error().code, swapped.error().message);
    const auto current = core::parse_lease(swapped->current.value);
    if (current) taker_.heard(known, swapped->current.revision, *current, io::now());
    if (!swapped->stored)
        co_return again("controller.lease-renewed", "the writer renewed its lease at the last moment");
    co_return Result<void>{};
}

io::Task<void> Actions::tell_to_fence(RegionName region, Epoch epoch) {
    const json::object body{{"epoch", epoch.value()}};
    const auto told =
        co_await agent(config_.site(region)->agent, "fence", json::serialize(body), io::Deadline::after(1s));
    io::log(
        io::Level::info,
        "controller.told-to-fence",
        {{"region", region.value()}, {"result", told ? "done" : told.error().message}}
    );
}

io::Task<Result<void>> Actions::wait_for_replay(RegionName region, Lsn position, io::Deadline deadline) {
    std::string seen = "nothing";
    while (!deadline.passed()) {
        const auto status = co_await status_of(region, deadline.sooner(500ms));
        boost::system::error_code none;
        const auto* replayed = status ? status->find_pointer("/postgres/replayed_lsn", none) : nullptr;
        if (replayed && replayed->is_string()) {
            seen = std::string(replayed->as_string());
            const auto at = core::parse_lsn(seen);
            // The position is where the last record begins.
            if (at && *at > position) co_return Result<void>{};
        }
        co_await io::wait_for(5ms);
    }
    co_return fail(
        "not-caught-up",
        fmt::format("{} has replayed {}, the old writer ended at {}", region.value(), seen, core::text(position))
    );
}

io::Task<Result<void>> Actions::promote(core::Execution& execution, io::Deadline whole) {
    // An answer that was lost on the way must not cost the whole step: told twice, an agent does it once.
    const io::Deadline deadline = whole.sooner(2 * config_.terms.taker() + 10s);
    co_await refresh();
    const auto& header = execution.header();
    const auto& record = taker_.record();
    if (!record || record->region != header.to || record->epoch != header.epoch) {
        co_return fail("stale-epoch", "the lease is not of this execution");
    }
    json::object body{
        {"epoch", header.epoch.value()},
        {"fence", {{"how", core::name(record->fence.how)}, {"epoch", record->fence.epoch.value()}}},
        {"limit_ms", std::max<std::int64_t>(100, deadline.remaining() / 1ms - 100)},
    };
    if (record->token) {
        execution.note("token-lsn", core::text(record->token->lsn));
        execution.note("token-system-id", record->token->system_id);
        execution.note("token-timeline", std::to_string(record->token->timeline));
    }
    // The writer's renewals drop the token from the record; the execution keeps it for a repetition.
    const auto& notes = execution.header().notes;
    if (notes.contains("token-lsn")) {
        body["token"] = json::object{
            {"system_id", notes.at("token-system-id")},
            {"timeline", std::stoul(notes.at("token-timeline"))},
            {"lsn", notes.at("token-lsn")},
        };
    }
    const auto answer = co_await agent(config_.site(header.to)->agent, "promote", json::serialize(body), deadline);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>{};
}

io::Task<Result<void>> Actions::point_functions(RegionName to, io::Deadline deadline) {
    // Functions find the writer by themselves (libpq's host list): the step is done when they have.
    std::string last = "no answer";
    const io::Endpoint gateway = config_.site(to)->gateway;
    while (!deadline.passed()) {
        io::HttpRequest request{.target = "/health"};
        const auto answer = co_await services_.gateways.send(gateway, std::move(request), deadline.sooner(500ms));
        if (answer) {
            boost::system::error_code bad;
            const json::value health = json::parse(answer->body, bad);
            const auto* writer = bad || !health.is_object() ? nullptr : health.as_object().if_contains("writer");
            if (answer->status == 200 && writer && writer->is_string() && writer->as_string() == to.value())
                co_return Result<void>{};
            last = answer->body;
        } else {
            last = answer.error().message;
        }
        co_await io::wait_for(3ms);
    }
    co_return again("controller.not-pointed", "the gateway has not found the new writer: " + last);
}

/// The edge asks whichever bucket answers: nothing is to be switched, but the region's own has to be one that does.
io::Task<Result<void>> Actions::look_at_website(RegionName to, io::Deadline deadline) {
    const auto& website = config_.site(to)->website;
    if (!website) co_return Result<void>{};
    io::HttpRequest question{.target = "/", .headers = {{"Host", website->host}}};
    const auto answer = co_await services_.gateways.send(website->endpoint, std::move(question), deadline);
    if (!answer) co_return again("controller.no-website", answer.error().message);
    if (answer->status == 200) co_return Result<void>{};
    co_return again(
        "controller.no-website", fmt::format("the front page in {} answers {}", to.value(), answer->status)
    );
}

io::Task<Result<void>> Actions::look_at_tables(core::Execution& execution, io::Deadline deadline) {
    const RegionName to = execution.header().to;
    const auto told = co_await check_tables(services_.executor, config_, to, deadline);
    if (!told) co_return fail(told.error());
    execution.note("tables", *told);
    io::log(io::Level::info, "controller.tables", {{"region", to.value()}, {"found", *told}});
    co_return Result<void>{};
}

std::vector<dns::RecordSet> Actions::records(const RegionName& serving) const {
    const SiteConfig* other = config_.other(serving);
    std::vector<dns::RecordSet> sets;
    const auto add = [&](const std::vector<std::string>& names, const SiteConfig* site) {
        for (const auto& name : names)
            sets.push_back({.name = name, .type = "A", .ttl = config_.ttl, .values = {site->front.address}});
    };
    add(config_.serving_names, config_.site(serving));
    add(config_.standby_names, other);
    return sets;
}

io::Task<Result<void>> Actions::change_dns(
    io::Endpoint to, dns::Version version, RegionName serving, io::Deadline deadline
) {
    json::array sets;
    for (const auto& set : records(serving)) {
        sets.push_back(
            {{"name", set.name}, {"type", set.type}, {"ttl", set.ttl}, {"values", json::value_from(set.values)}}
        );
    }
    const json::object body{{"epoch", version.epoch}, {"change", version.change}, {"records", std::move(sets)}};
    const auto answer = co_await agent(std::move(to), "dns", json::serialize(body), deadline);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>{};
}

io::Task<Result<void>> Actions::point_names(SiteConfig site, Epoch epoch, RegionName serving, io::Deadline deadline) {
    const auto first = co_await change_dns(site.agent, {.epoch = epoch.value(), .change = 1}, serving, deadline);
    if (first || first.error().code != "stale-epoch") co_return first;
    // Of this epoch, and further: it was there before, or a region cut off meanwhile sent its customers away.
    const auto status = co_await status_of(site.region, deadline);
    if (!status) co_return fail(status.error());
    boost::system::error_code none;
    const auto* there = status->find_pointer("/dns/epoch", none);
    const auto* change = status->find_pointer("/dns/change", none);
    const auto* away = status->find_pointer("/dns/sent_away", none);
    if (!there || !change || !away || there->to_number<std::uint64_t>() != epoch.value()) co_return first;
    if (!away->as_bool()) co_return Result<void>{};
    const dns::Version next{.epoch = epoch.value(), .change = change->to_number<std::uint64_t>() + 1};
    const auto second = co_await change_dns(site.agent, next, serving, deadline);
    co_return second;
}

bool Actions::has_to_follow(const SiteConfig& site, const RegionName& to) const {
    const auto part = site.region == to ? core::NameserverOf::target
                      : site.witness    ? core::NameserverOf::witness
                                        : core::NameserverOf::old_writer;
    return core::has_to_follow(part, watch_.seen(site.region).agent);
}

io::Task<Result<void>> Actions::switch_traffic(RegionName to, Epoch epoch, io::Deadline deadline) {
    const auto executor = co_await boost::asio::this_coro::executor;
    using Operation =
        decltype(boost::asio::co_spawn(executor, point_names({}, epoch, to, deadline), boost::asio::deferred));
    std::vector<Operation> operations;
    std::vector<const SiteConfig*> sites;
    for (const auto& site : config_.sites) {
        const bool needed = has_to_follow(site, to);
        const auto limit = needed ? deadline : deadline.sooner(100ms);
        operations.push_back(boost::asio::co_spawn(executor, point_names(site, epoch, to, limit), boost::asio::deferred)
        );
        sites.push_back(&site);
    }
    auto group = boost::asio::experimental::make_parallel_group(std::move(operations));
    auto [order, bugs, answers] =
        co_await group.async_wait(boost::asio::experimental::wait_for_all(), boost::asio::use_awaitable);
    for (std::size_t i = 0; i < sites.size(); ++i) {
        if (has_to_follow(*sites[i], to) && (bugs[i] || !answers[i])) {
            const std::string why = bugs[i] ? "failed" : answers[i].error().message;
            const bool final = !bugs[i] && answers[i].error().code == "stale-epoch";
            co_return fail(Error{.code = final ? "stale-epoch" : "controller.dns", .message = why, .retryable = !final}
            );
        }
    }
    co_return Result<void>{};
}

io::Task<Result<void>> Actions::verify_outside(RegionName to, Epoch epoch, io::Deadline deadline) {
    const std::string wanted = config_.site(to)->front.address;
    const std::string name = config_.serving_names.at(0);
    for (const auto& site : config_.sites) {
        if (!has_to_follow(site, to)) continue;
        const auto answer = co_await dns::query(site.nameserver, name, "A", deadline.sooner(500ms));
        if (!answer) co_return again(answer.error().code, answer.error().message);
        if (answer->values != std::vector<std::string>{wanted}) {
            // Something happened since the switch: a region that was cut off pointed its names elsewhere.
            const auto pointed = co_await point_names(site, epoch, to, deadline.sooner(1s));
            if (!pointed) co_return fail(pointed.error());
            co_return again(
                "controller.not-switched", fmt::format("{} at {} is not {} yet", name, site.nameserver.text(), wanted)
            );
        }
    }
    SmokeShopper outside(services_.gateways, config_.site(to)->front);
    const auto found = co_await outside.search(deadline);
    co_return found;
}

io::Task<Result<void>> Actions::tell_writer(
    std::string call, core::Execution& execution, Duration limit, io::Deadline deadline
) {
    co_await refresh();
    const auto& record = taker_.record();
    const RegionName from = execution.header().from;
    if (!record || record->region != from) co_return fail("stale-epoch", "the writer has changed");
    if (record->released) co_return Result<void>{};  // a repetition: it has gone further already
    const json::object body{{"epoch", record->epoch.value()}, {"limit_ms", limit / 1ms}};
    const auto answer = co_await agent(config_.site(from)->agent, std::move(call), json::serialize(body), deadline);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>{};
}

io::Task<Result<void>> Actions::demote(core::Execution& execution, io::Deadline deadline) {
    co_await refresh();
    const auto& record = taker_.record();
    if (!record || record->region != execution.header().from) co_return fail("stale-epoch", "the writer has changed");
    if (record->released) co_return Result<void>{};
    const json::object body{{"epoch", record->epoch.value()}};
    const auto answer =
        co_await agent(config_.site(execution.header().from)->agent, "demote", json::serialize(body), deadline);
    if (!answer) co_return fail(answer.error());
    co_await refresh();
    co_return Result<void>{};
}

io::Task<Result<void>> Actions::resume_writer(core::Execution& execution, io::Deadline deadline) {
    co_await refresh();
    const auto& record = taker_.record();
    const RegionName from = execution.header().from;
    if (!record) co_return fail("controller.no-lease", "there is no lease");
    if (record->region != from) co_return Result<void>{};  // the new epoch exists: there is no way back, only forward
    if (!record->released) {                               // only paused
        const json::object body{{"epoch", record->epoch.value()}, {"limit_ms", 0}};
        const auto answer = co_await agent(config_.site(from)->agent, "pause", json::serialize(body), deadline);
        if (!answer) co_return fail(answer.error());
        co_return Result<void>{};
    }
    // It has stopped and released: it becomes the writer again, of an epoch of its own.
    core::Execution back = *core::Execution::make(
        {.id = execution.header().id,
         .procedure = "resume",
         .from = from,
         .to = from,
         .epoch = Epoch(record->epoch.value() + 1)},
        {}
    );
    const auto taken = co_await take_lease(back, deadline);
    if (!taken) co_return fail(taken.error());
    const auto promoted = co_await promote(back, deadline);
    co_return promoted;
}

}  // namespace cloudshelf::controller
