#include "region/agent/agent.hpp"

#include "base/digest.hpp"
#include "drivers/dns/dns.hpp"
#include "io/background.hpp"
#include "io/log.hpp"
#include "io/signals.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::region {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Duration look_again = 20ms;  // while a role is being taken

Epoch read_known_epoch(const std::filesystem::path& data) {
    const auto text = io::read_file(data / "epoch.json");
    if (!text) return Epoch(0);
    boost::system::error_code bad;
    const json::value value = json::parse(*text, bad);
    // An unreadable memory of the epoch must not read as "none": nothing is newer than this.
    if (bad || !value.is_object() || !value.as_object().contains("epoch")) return Epoch(UINT64_MAX);
    return Epoch(json::value_to<std::uint64_t>(value.at("epoch")));
}

io::HttpRequest get(const std::string& target, const std::string& token) {
    return {.target = target, .headers = {{"Authorization", "Bearer " + token}}};
}

io::HttpRequest post(const std::string& target, const std::string& token, const json::value& body) {
    return {
        .method = "POST",
        .target = target,
        .headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}},
        .body = json::serialize(body),
    };
}

}  // namespace

Agent::Agent(io::Executor executor, AgentConfig config, io::LeasePage page)
    : executor_(executor),
      config_(std::move(config)),
      page_(std::move(page)),
      client_(executor, config_.calls()),
      gateways_(executor),
      clocks_(config_.terms),
      store_(client_, config_, clocks_),
      promises_(config_.terms, read_known_epoch(config_.data), io::now()),
      names_(config_.dns) {
    if (config_.postgres) {
        cluster_.emplace(*config_.postgres);
        observer_.emplace(*config_.postgres);
    }
}

Result<void> Agent::remember(Epoch epoch) {
    if (epoch <= promises_.known()) return {};
    const auto written =
        io::replace_file(config_.data / "epoch.json", json::serialize(json::object{{"epoch", epoch.value()}}), 0600);
    if (!written) return written;
    promises_.learn(epoch);
    return {};
}

io::Task<int> Agent::run() {
    if (auto file = io::AppendFile::open(config_.data / "writer-intervals.jsonl")) intervals_ = std::move(*file);
    if (!config_.witness) {
        const io::LeaseView before = page_.read();
        if (before.state == io::WriteState::writing || before.state == io::WriteState::paused) {
            // Whoever ran before us may have written until then, and not a moment longer.
            const json::object line{
                {"region", config_.region.value()},
                {"epoch", before.epoch.value()},
                {"until_ns", before.deadline.time_since_epoch().count()}
            };
            [[maybe_unused]] const auto noted =
                intervals_.append(json::serialize(line) + "\n", io::AppendFile::Sync::no);
        }
    }
    io::HttpServer server(
        executor_,
        {.listen = config_.listen, .body_bytes_max = 64 << 10, .tls = config_.tls},
        [this](io::HttpRequest request) { return answer(std::move(request)); }
    );
    if (const auto started = server.start(); !started) {
        io::log(io::Level::error, "agent.start-failed", {{"why", started.error().message}});
        co_return 73;
    }
    for (const auto& [region, gateway] : config_.gateways) {
        if (region != config_.region.value())
            io::run_in_background(executor_, probe(region + "/gateway", &gateways_, gateway, {.target = "/health"}));
    }
    io::run_in_background(executor_, names_.learn());
    if (config_.peer) {
        const std::string target = config_.peer->region.value() + "/agent";
        auto question = get("/v1/status", config_.site_token);
        io::run_in_background(executor_, probe(target, &client_, config_.peer->agent, std::move(question)));
    }
    if (!config_.witness) {
        io::run_in_background(executor_, beat());
        io::run_in_background(executor_, look());
        io::run_in_background(executor_, observe());
        io::run_in_background(executor_, maintain());
        io::run_in_background(executor_, tend_names());
        io::run_in_background(executor_, take_certificates());
    }
    io::log(io::Level::info, "agent.started", {{"listen", config_.listen.text()}});
    co_await io::asked_to_end();
    // The lease is not released: only a switchover does that. PostgreSQL ends with its fencer.
    const auto grace = io::Deadline::after(1s);
    co_await server.stop(grace);
    co_return 0;
}

// --- the lease -----------------------------------------------------------------------------------------------------

void Agent::write_page(io::WriteState state, TimePoint deadline) {
    const Epoch epoch = holder_ ? holder_->epoch() : lease_ ? lease_->epoch : promises_.known();
    page_.write({.state = state, .epoch = epoch, .deadline = deadline});
}

void Agent::note_interval(const char* what) {
    const bool opens = std::string_view(what) == "from_ns";
    if (opens == interval_open_) return;
    interval_open_ = opens;
    const Epoch epoch = holder_ ? holder_->epoch() : promises_.known();
    const json::object line{
        {"region", config_.region.value()}, {"epoch", epoch.value()}, {what, io::now().time_since_epoch().count()}
    };
    [[maybe_unused]] const auto noted = intervals_.append(json::serialize(line) + "\n", io::AppendFile::Sync::no);
}

void Agent::tell(const core::LeaseEvent& event) {
    if (!holder_) return;
    holder_->use(clocks_.terms());
    for (const auto& command : holder_->step(event, io::now())) {
        if (const auto* arm = std::get_if<core::ArmFencer>(&command)) {
            write_page(paused_ ? io::WriteState::paused : io::WriteState::writing, arm->deadline);
            note_interval("from_ns");
        } else if (const auto* renewal = std::get_if<core::Renew>(&command)) {
            io::run_in_background(executor_, renew(renewal->sent_at));
            io::run_in_background(executor_, ask_promise(renewal->sent_at));
        } else if (const auto* fence = std::get_if<core::Fence>(&command)) {
            lose(fence->reason);
            return;
        }
    }
}

void Agent::lose(const std::string& reason) {
    io::log(
        io::Level::warning,
        "agent.lease-lost",
        {{"reason", reason}, {"epoch", std::to_string(holder_->epoch().value())}}
    );
    write_page(io::WriteState::fenced, io::now());
    note_interval("until_ns");
    holder_.reset();
    paused_ = false;
    release_with_.reset();
    detail_ = reason;
}

io::Task<void> Agent::beat() {
    for (;;) {
        Duration wait = config_.terms.beat / 4;
        if (holder_) {
            tell(core::Tick{});
            wait = config_.terms.beat / 10;
        }
        co_await io::wait_for(wait);
    }
}

io::Task<void> Agent::renew(TimePoint sent_at) {
    if (renewing_ || !lease_) co_return;  // one at a time: the revision of the next depends on this one's fate
    renewing_ = true;
    core::LeaseRecord next = *lease_;
    next.beat += 1;
    next.sync = sync_wanted_;
    next.released = release_with_.has_value();
    if (release_with_) next.token = release_with_;
    const Epoch epoch = next.epoch;
    in_step_may_be_stored_ |= next.sync == core::Sync::in_step;
    const auto stored = co_await store_.swap(revision_, next, io::Deadline::after(config_.terms.duration / 2));
    renewing_ = false;
    if (!holder_ || holder_->epoch() != epoch) co_return;
    if (stored) {
        lease_ = next;
        revision_ = *stored;
        in_step_may_be_stored_ = next.sync == core::Sync::in_step;  // what was sent before it comes too late now
        if (!next.released) tell(core::RenewalStored{sent_at});
        co_return;
    }
    if (stored.error().code != "conflict") co_return;  // unknown, or not done: the next beat tries again
    // Somebody changed it, or an answer of ours got lost: what is there now?
    const auto found = co_await store_.read();
    if (!found || !*found || !holder_) co_return;
    const auto& [revision, record] = **found;
    if (record.region == config_.region && record.epoch == epoch) {
        lease_ = record;
        revision_ = revision;
    } else {
        lease_ = record;
        revision_ = revision;
        tell(core::RenewalRefused{record.epoch});
    }
}

io::Task<void> Agent::ask_promise(TimePoint sent_at) {
    if (asking_ || !config_.peer || !holder_) co_return;
    asking_ = true;
    const Epoch epoch = holder_->epoch();
    const json::object body{
        {"application", config_.application},
        {"region", config_.region.value()},
        {"epoch", epoch.value()},
        {"duration_ms", config_.terms.duration / 1ms}
    };
    auto request = post("/v1/promise", config_.site_token, body);
    const auto answer =
        co_await client_.send(config_.peer->agent, std::move(request), io::Deadline::after(config_.terms.duration / 2));
    asking_ = false;
    if (!answer || !holder_ || holder_->epoch() != epoch) co_return;
    if (answer->status == 200) {
        tell(core::PromiseGranted{sent_at});
    } else if (answer->status == 409) {
        boost::system::error_code bad;
        const json::value value = json::parse(answer->body, bad);
        const auto* known = bad || !value.is_object() ? nullptr : value.as_object().if_contains("epoch");
        if (known && known->is_number()) tell(core::PromiseRefused{Epoch(json::value_to<std::uint64_t>(*known))});
    }
}

// --- the role ------------------------------------------------------------------------------------------------------

io::Task<void> Agent::look() {
    for (;;) {
        if (!holder_ && !acting_) {
            const auto found = co_await store_.read();
            std::optional<core::LeaseRecord> lease;
            if (found && *found && !holder_) {
                revision_ = (*found)->revision;
                lease_ = (*found)->record;
                lease = lease_;
                const bool elsewhere = lease->region != config_.region;
                // Released: hold what comes, it can go elsewhere in a moment.
                const io::WriteState state = lease->released ? io::WriteState::paused
                                             : elsewhere     ? io::WriteState::remote
                                                             : io::WriteState::fenced;
                // An agent that was started again finds the page of the one before, still good: it only has to go on.
                const bool still_good =
                    !elsewhere && !lease->released && page_.may_write(io::now()) && page_.read().epoch == lease->epoch;
                if (!acting_ && !still_good) write_page(state, io::now());
            }
            if (!holder_ && !acting_) {
                auto running_work = pool_.run([this] { return cluster_->is_running(); });
                const bool running = co_await std::move(running_work);
                const core::LocalState local{
                    .has_data = cluster_->is_whole(),
                    .is_standby = cluster_->is_standby(),
                    .is_running = running,
                    .holds_lease = holder_.has_value(),
                    .known = promises_.known(),
                    .gave_up = lease && lease->epoch == gave_up_at_,
                };
                const core::NextMove move =
                    quarantined_ ? core::NextMove::wait : core::next_move(config_.region, lease, local);
                if (!acting_) co_await take_role(move);
            }
        } else if (holder_) {
            co_await care_for_server();
            co_await keep_in_step();
        }
        const Duration pause = acting_ ? look_again : config_.probe_interval;
        co_await io::wait_for(pause);
    }
}

io::Task<void> Agent::take_role(core::NextMove move) {
    if (move == core::NextMove::nothing || move == core::NextMove::wait) {
        if (!quarantined_)
            detail_ = lease_ && lease_->region != config_.region ? "following " + lease_->region.value() : "waiting";
        co_return;
    }
    acting_ = true;
    detail_ = core::name(move);
    io::log(io::Level::info, "agent.role", {{"move", core::name(move)}});
    Result<void> done;
    switch (move) {
        case core::NextMove::nothing:
        case core::NextMove::wait:
            break;
        case core::NextMove::distrust:
            detail_ = fmt::format(
                "the store knows epoch {}, we remember {}: a person has to look",
                lease_->epoch.value(),
                promises_.known().value()
            );
            io::log(io::Level::error, "agent.store-forgot", {{"known", std::to_string(promises_.known().value())}});
            co_await io::wait_for(1s);
            break;
        case core::NextMove::initialize: {
            auto done_work = pool_.run([this] { return cluster_->initialize(); });
            done = co_await std::move(done_work);
            if (done) done = remember(lease_->epoch);
            if (done) done = co_await become_writer(core::Sync::degraded);
            if (done) {
                auto work = pool_.run([this] { return cluster_->start_primary(); });
                done = co_await std::move(work);
            }
            if (done) co_await after_opening();
            break;
        }
        case core::NextMove::resume: {
            auto running_work = pool_.run([this] { return cluster_->is_running(); });
            const bool running = co_await std::move(running_work);
            // A server that is started again waits for nobody until its standby is back; the record says so first.
            const core::Sync sync = running ? lease_->sync : core::Sync::degraded;
            done = co_await become_writer(sync);
            if (done && running) break;
            auto done_work = pool_.run([this] {
                if (const auto written = cluster_->configure(std::nullopt); !written) return written;
                return cluster_->start_primary();
            });
            if (done) done = co_await std::move(done_work);
            if (done) co_await after_opening();
            break;
        }
        case core::NextMove::follow: {
            const postgres::Address primary = config_.peer->postgres;
            auto done_work = pool_.run([this, primary] {
                if (const auto written = cluster_->configure(primary); !written) return written;
                return cluster_->start_standby();
            });
            done = co_await std::move(done_work);
            break;
        }
        case core::NextMove::rejoin: {
            const postgres::Address primary = config_.peer->postgres;
            if (const auto known = remember(lease_->epoch); !known) break;
            auto report_work = pool_.run([this, primary] {
                return cluster_->rejoin(primary, [](const std::string& line) {
                    io::log(io::Level::info, "agent.rejoin", {{"step", line}});
                });
            });
            rejoining_ = true;
            const auto report = co_await std::move(report_work);
            rejoining_ = false;
            stranded_writes_ += report.stranded_writes;
            if (report.how == postgres::Rejoined::quarantined) {
                detail_ = report.detail;
                // A writer that cannot be reached yet is no reason to give up; anything else is for a person.
                quarantined_ = !report.again;
                io::log(
                    quarantined_ ? io::Level::error : io::Level::info, "agent.rejoin-failed", {{"why", report.detail}}
                );
                co_await io::wait_for(200ms);
                break;
            }
            io::log(
                io::Level::info,
                "agent.rejoined",
                {{"how", report.how == postgres::Rejoined::rewound ? "rewound" : "cloned"},
                 {"stranded_writes", std::to_string(report.stranded_writes)},
                 {"detail", report.detail}}
            );
            auto done_work = pool_.run([this] { return cluster_->start_standby(); });
            done = co_await std::move(done_work);
            break;
        }
        case core::NextMove::stop_writing:
            auto done_work = pool_.run([this] { return cluster_->kill(); });
            done = co_await std::move(done_work);
            break;
    }
    if (!done) {
        detail_ = done.error().message;
        io::log(io::Level::warning, "agent.role-failed", {{"move", core::name(move)}, {"why", done.error().message}});
        co_await io::wait_for(200ms);
    }
    acting_ = false;
}

io::Task<Result<void>> Agent::become_writer(core::Sync sync) {
    core::LeaseRecord next = *lease_;
    next.beat += 1;
    next.released = false;
    next.token.reset();
    next.sync = sync;
    sync_wanted_ = sync;
    const TimePoint sent_at = io::now();
    const auto stored = co_await store_.swap(revision_, next, io::Deadline::after(config_.terms.duration / 2));
    if (!stored) co_return fail(stored.error());
    lease_ = next;
    revision_ = *stored;
    in_step_may_be_stored_ = sync == core::Sync::in_step;
    waits_since_.reset();
    holder_.emplace(next.epoch, config_.terms);
    tell(core::RenewalStored{sent_at});
    if (!holder_ || !holder_->deadline())
        co_return fail("agent.too-late", "the proof of the epoch came too late to be of use");
    co_return Result<void>{};
}

io::Task<void> Agent::after_opening() {
    for (const auto deadline = io::Deadline::after(30s); !deadline.passed();) {
        auto done_work = pool_.run([this] { return cluster_->provision(); });
        const auto done = co_await std::move(done_work);
        if (done) break;
        detail_ = done.error().message;
        co_await io::wait_for(50ms);
    }
    // The next rewind of the other region reads our control file, which has to know the new timeline.
    auto checkpointed_work = pool_.run([this] { return cluster_->checkpoint(); });
    const auto checkpointed = co_await std::move(checkpointed_work);
    if (!checkpointed) io::log(io::Level::warning, "agent.checkpoint-failed", {{"why", checkpointed.error().message}});
    detail_ = "writing";
}

io::Task<void> Agent::care_for_server() {
    if (acting_ || paused_ || release_with_) co_return;
    if (seen_.running) {
        unanswered_since_.reset();
        failed_starts_ = 0;
        co_return;
    }
    const TimePoint now = io::now();
    if (!unanswered_since_) unanswered_since_ = now;
    auto running_work = pool_.run([this] { return cluster_->is_running(); });
    const bool running = co_await std::move(running_work);
    if (!holder_) co_return;
    const core::ServerCare care = core::server_care(now - *unanswered_since_, running, failed_starts_);
    if (care == core::ServerCare::start) {
        acting_ = true;
        io::log(io::Level::warning, "agent.server-gone", {{"starts", std::to_string(failed_starts_ + 1)}});
        auto start_work = pool_.run([this] { return cluster_->start_primary(); });
        const auto started = co_await std::move(start_work);
        // Until it answers, this start counts as failed; crash recovery gets its time anew.
        ++failed_starts_;
        unanswered_since_ = io::now();
        if (!started) detail_ = started.error().message;
        acting_ = false;
    } else if (care == core::ServerCare::give_up) {
        gave_up_at_ = holder_->epoch();
        lose("PostgreSQL does not come back: the other region may take over");
        acting_ = true;
        auto kill_work = pool_.run([this] { return cluster_->kill(); });
        const auto killed = co_await std::move(kill_work);
        if (!killed) io::log(io::Level::error, "agent.kill-failed", {{"why", killed.error().message}});
        acting_ = false;
    }
}

io::Task<void> Agent::keep_in_step() {
    if (!seen_.running || seen_.in_recovery || acting_ || paused_ || release_with_ || !lease_) co_return;
    const core::Sync now = lease_->sync;
    const TimePoint at = io::now();
    if (seen_.streaming) out_of_step_since_ = at;
    const bool catches_up = now != core::Sync::in_step && seen_.streaming && seen_.lag_bytes < (1u << 20);
    if (!catches_up || !seen_.standby_is_sync) waits_since_.reset();
    if (catches_up) {
        // First make them wait, then say so: the other order would promise what is not yet true. And what was
        // acknowledged before they waited has to be there, too: the position at the second look is beyond all of it.
        auto set_work = pool_.run([this] { return cluster_->set_synchronous(true); });
        const auto set = co_await std::move(set_work);
        if (!set || !seen_.standby_is_sync) co_return;
        if (!waits_since_) {
            waits_since_ = Lsn(0);
        } else if (*waits_since_ == Lsn(0)) {
            waits_since_ = seen_.lsn;
        } else if (seen_.lsn.value() - seen_.lag_bytes >= waits_since_->value()) {
            sync_wanted_ = core::Sync::in_step;
        }
    } else if (now == core::Sync::in_step && !seen_.streaming && at - out_of_step_since_ > config_.terms.duration / 2) {
        // First say so, in the store, then stop waiting: no acknowledgement is ever less protected than the record
        // says.
        sync_wanted_ = config_.sync_policy == SyncPolicy::degrade ? core::Sync::degraded : core::Sync::blocked;
        io::log(io::Level::warning, "agent.standby-out-of-step", {{"sync", core::name(sync_wanted_)}});
    } else if (now == core::Sync::degraded && !seen_.streaming && !seen_.standby_is_sync) {
        sync_wanted_ = core::Sync::degraded;
        if (in_step_may_be_stored_) co_return;  // a renewal that says so may still be on its way
        auto set_work = pool_.run([this] { return cluster_->set_synchronous(false); });
        const auto set = co_await std::move(set_work);
        if (!set) detail_ = set.error().message;
    }
}

io::Task<void> Agent::observe() {
    for (;;) {
        auto seen_work = observer_pool_.run([this] { return observer_->observe(); });
        const auto seen = co_await std::move(seen_work);
        seen_ = seen ? *seen : postgres::Observation{};
        co_await io::wait_for(std::min<Duration>(config_.probe_interval, 200ms));
    }
}

io::Task<void> Agent::maintain() {
    for (;;) {
        co_await io::wait_for(1s);
        if (!holder_ || !seen_.running || seen_.in_recovery || acting_ || release_with_) continue;
        auto done_work = pool_.run([this] { return cluster_->maintain(); });
        const auto done = co_await std::move(done_work);
        if (!done) io::log(io::Level::debug, "agent.maintain-failed", {{"why", done.error().message}});
    }
}

/// PostgreSQL has copies of its own, which it reads when told to.
io::Task<void> Agent::take_certificates() {
    std::uint64_t taken = 0;
    for (;; co_await io::wait_for(1s)) {
        const std::uint64_t there = config_.tls->generation();
        if (there == taken || !cluster_->exists()) continue;
        auto taking = pool_.run([this] { return cluster_->take_certificates(); });
        const auto done = co_await std::move(taking);
        if (done) {
            taken = there;
        } else {
            io::log(io::Level::warning, "agent.certificates-failed", {{"why", done.error().message}});
        }
    }
}

io::Task<void> Agent::probe(
    std::string target, io::HttpClient* client, io::Endpoint endpoint, io::HttpRequest question
) {
    // At fixed times, whether or not the look before has its answer: a black hole must not slow detection down.
    for (;;) {
        io::run_in_background(executor_, look_at(target, client, endpoint, question));
        co_await io::wait_for(config_.probe_interval);
    }
}

io::Task<void> Agent::look_at(
    std::string target, io::HttpClient* client, io::Endpoint endpoint, io::HttpRequest question
) {
    const TimePoint asked_at = io::now();
    const auto answer =
        co_await client->send(endpoint, std::move(question), io::Deadline::after(config_.probe_timeout));
    views_[target] = answer && answer->status == 200;
    const std::string site = target.substr(0, target.find('/'));
    if (answer && target.ends_with("/agent")) clocks_.heard_text(site, asked_at, answer->body);
}

io::Task<void> Agent::tend_names() {
    for (;;) {
        co_await io::wait_for(config_.probe_interval);
        const Duration silence = io::now() - store_.heard();
        if (!core::sends_customers_away(config_.region, lease_, holder_.has_value(), silence, config_.terms)) continue;
        if (names_.sent_away()) continue;
        const auto sent = co_await names_.send_away(io::Deadline::after(1s));
        io::log(
            io::Level::warning,
            "agent.customers-sent-away",
            {{"to", config_.dns.away}, {"result", sent ? "done" : sent.error().message}}
        );
    }
}

// --- HTTP ----------------------------------------------------------------------------------------------------------

io::Task<io::HttpResponse> Agent::answer(io::HttpRequest request) {
    const std::string path(request.path());
    if (path == "/metrics") co_return metrics();
    // The same for every caller and every path: nothing is told to whoever has no token.
    if (!equal_in_constant_time(request.header("Authorization"), "Bearer " + config_.site_token)) {
        co_return io::HttpResponse::error(401, "no-token", "expected Authorization: Bearer <site token>");
    }
    if (request.method == "GET" && path == "/v1/status") co_return co_await status();
    if (request.method != "POST") co_return io::HttpResponse::error(404, "no-such-call", path);
    std::string problem;
    try {
        if (path == "/v1/dns") co_return co_await change_dns(std::move(request));
        if (config_.witness)
            co_return io::HttpResponse::error(404, "no-such-call", "this is the witness: it holds no data");
        if (path == "/v1/promise") co_return co_await promise(std::move(request));
        if (path == "/v1/promote") co_return co_await promote(std::move(request));
        if (path == "/v1/prepare-switchover") co_return co_await prepare_switchover(std::move(request));
        if (path == "/v1/pause") co_return co_await pause(std::move(request));
        if (path == "/v1/fence") co_return co_await fence(std::move(request));
        if (path == "/v1/demote") co_return co_await demote(std::move(request));
    } catch (const std::exception& bad) {
        problem = bad.what();
    }
    if (!problem.empty()) co_return io::HttpResponse::error(400, "bad-request", problem);
    co_return io::HttpResponse::error(404, "no-such-call", path);
}

std::string Agent::role() const {
    if (config_.witness) return "witness";
    if (quarantined_) return "quarantined";
    if (holder_ && holder_->deadline() && seen_.running && !seen_.in_recovery) return "writer";
    if (acting_) return "rejoining";
    if (seen_.running && seen_.in_recovery) return "standby";
    return "fenced";
}

io::Task<io::HttpResponse> Agent::status() {
    const io::LeaseView page = page_.read();
    static constexpr const char* states[] = {"fenced", "writing", "paused", "remote"};
    json::object views;
    for (const auto& [target, healthy] : views_) {
        const auto slash = target.find('/');
        const std::string region = target.substr(0, slash);
        if (!views.contains(region)) views[region] = json::object{};
        views[region].as_object()[target.substr(slash + 1)] = healthy;
    }
    if (config_.peer) {
        const std::string region = config_.peer->region.value();
        if (!views.contains(region)) views[region] = json::object{};
        views[region].as_object()["postgres"] = seen_.streaming;
    }
    const json::object body{
        {"region", config_.region.value()},
        {"role", role()},
        {"detail", detail_},
        {"epoch", promises_.known().value()},
        {"lease",
         {{"state", states[static_cast<std::uint32_t>(page.state) % 4]},
          {"remaining_ms", std::max<std::int64_t>(0, (page.deadline - io::now()) / 1ms)}}},
        {"sync", lease_ ? core::name(lease_->sync) : "unknown"},
        {"has_data", cluster_ && cluster_->is_whole() && !rejoining_},
        {"stranded_writes", stranded_writes_},
        {"postgres",
         {{"running", seen_.running},
          {"in_recovery", seen_.in_recovery},
          {"streaming", seen_.streaming},
          {"standby_is_sync", seen_.standby_is_sync},
          {"system_id", seen_.system_id},
          {"timeline", seen_.timeline},
          {"lsn", core::text(seen_.lsn)},
          {"received_lsn", core::text(seen_.received)},
          {"replayed_lsn", core::text(seen_.replayed)},
          {"lag_bytes", seen_.lag_bytes},
          {"lag_seconds", seen_.lag_seconds}}},
        {"views", std::move(views)},
        {"dns",
         {{"epoch", names_.version().epoch}, {"change", names_.version().change}, {"sent_away", names_.sent_away()}}},
        {"clock", clocks::own_clock()},
    };
    co_return io::HttpResponse::json(200, json::serialize(body));
}

io::Task<io::HttpResponse> Agent::promise(io::HttpRequest request) {
    const json::value body = json::parse(request.body);
    const Epoch epoch(json::value_to<std::uint64_t>(body.at("epoch")));
    const bool same = json::value_to<std::string>(body.at("application")) == config_.application;
    if (same && epoch > promises_.known()) {
        if (const auto known = remember(epoch); !known)
            co_return io::HttpResponse::error(503, known.error().code, known.error().message);
    }
    promises_.use(clocks_.terms());
    if (!same || holder_ || !promises_.grant(epoch, io::now())) {
        const json::object refusal{
            {"error", {{"code", "promise-refused"}, {"message", "a newer epoch is known here"}}},
            {"epoch", promises_.known().value()}
        };
        co_return io::HttpResponse::json(409, json::serialize(refusal));
    }
    co_return io::HttpResponse::json(200, R"({"granted": true})");
}

io::Task<io::HttpResponse> Agent::promote(io::HttpRequest request) {
    const TimePoint began = io::now();
    const json::value body = json::parse(request.body);
    const Epoch epoch(json::value_to<std::uint64_t>(body.at("epoch")));
    const auto deadline =
        io::Deadline::after(std::chrono::milliseconds(json::value_to<std::int64_t>(body.at("limit_ms"))));
    const Epoch fenced(json::value_to<std::uint64_t>(body.at("fence").at("epoch")));
    const auto refuse = [](const char* code, const std::string& message) {
        return io::HttpResponse::error(409, code, message);
    };
    const auto success = [&] {
        const json::object done{
            {"epoch", epoch.value()},
            {"timeline", seen_.timeline},
            {"lsn", core::text(seen_.lsn)},
            {"took_ms", (io::now() - began) / 1ms}
        };
        return io::HttpResponse::json(200, json::serialize(done));
    };
    if (acting_) co_return refuse("busy", detail_);
    const bool proved_before = holder_ && holder_->epoch() == epoch;
    if (proved_before && seen_.running && !seen_.in_recovery) co_return success();  // told twice: done once
    if (epoch < promises_.known() || (holder_ && !proved_before)) {
        co_return refuse(
            "stale-epoch",
            fmt::format("epoch {} is known here, {} was asked for", promises_.known().value(), epoch.value())
        );
    }
    if (fenced.value() + 1 != epoch.value()) {
        co_return refuse(
            "no-fence-record", fmt::format("epoch {} needs the fence record of {}", epoch.value(), epoch.value() - 1)
        );
    }
    if (!cluster_->is_whole()) co_return refuse("no-data", "there is no database here to promote");
    acting_ = true;
    io::HttpResponse response;
    std::string bug;
    do {
        // The store first: a command that it does not bear out changes nothing here. Remembering an epoch that nobody
        // has would end our promises to the writer.
        const auto found = co_await store_.read();
        if (!found) {
            response = io::HttpResponse::error(503, "store-unreachable", found.error().message);
            break;
        }
        if (!*found || (*found)->record.region != config_.region || (*found)->record.epoch != epoch) {
            response = refuse("stale-epoch", "the lease is not ours at this epoch");
            break;
        }
        // From now on nothing older is promised, whatever happens to us.
        if (const auto known = remember(epoch); !known) {
            response = refuse("not-durable", known.error().message);
            break;
        }
        revision_ = (*found)->revision;
        lease_ = (*found)->record;
        if (lease_->fence.epoch != fenced) {
            response = refuse("no-fence-record", "the lease carries another fence record than the command");
            break;
        }
        if (const TimePoint until = promises_.binding_until(lease_->fence); until > io::now()) {
            if (until > deadline.at()) {
                response = refuse("promise-outstanding", "a promise to the old writer has not run out");
                break;
            }
            co_await io::wait_for(until - io::now());
        }
        if (body.as_object().contains("token")) {
            const json::value& token = body.at("token");
            const auto lsn = core::parse_lsn(json::value_to<std::string>(token.at("lsn")));
            const auto timeline = json::value_to<std::uint32_t>(token.at("timeline"));
            postgres::Observation seen;
            for (;;) {
                auto look_work = observer_pool_.run([this] { return observer_->observe(); });
                const auto look = co_await std::move(look_work);
                if (look) seen = *look;
                // The position is where the last record begins: having replayed it means being beyond.
                if (look && lsn && seen.replayed > *lsn) break;
                if (deadline.remaining() < 500ms) break;
                co_await io::wait_for(2ms);
            }
            const bool same_server =
                seen.system_id == json::value_to<std::string>(token.at("system_id")) && seen.timeline <= timeline;
            if (!lsn || !same_server) {
                response = refuse("token-mismatch", "the token is of another database or timeline");
                break;
            }
            if (seen.replayed <= *lsn) {
                response = refuse(
                    "not-caught-up",
                    fmt::format("replayed {}, the old writer ended at {}", core::text(seen.replayed), core::text(*lsn))
                );
                break;
            }
        }
        // The epoch may be proved already, by a command whose opening failed.
        Result<void> proved;
        if (!proved_before || !holder_) proved = co_await become_writer(core::Sync::degraded);
        if (!proved) {
            const bool stale = proved.error().code == "conflict";
            response = stale ? refuse("stale-epoch", proved.error().message)
                             : io::HttpResponse::error(503, "store-unreachable", proved.error().message);
            break;
        }
        const bool standby = cluster_->is_standby();
        auto opened_work = pool_.run([this, standby, deadline] {
            if (standby) return cluster_->promote(deadline.remaining());
            if (const auto written = cluster_->configure(std::nullopt); !written) return written;
            return cluster_->start_primary();
        });
        const auto opened = co_await std::move(opened_work);
        if (!opened) {
            response = io::HttpResponse::error(500, opened.error().code, opened.error().message);
            break;
        }
        auto seen_work = observer_pool_.run([this] { return observer_->observe(); });
        const auto seen = co_await std::move(seen_work);
        if (seen) seen_ = *seen;
        out_of_step_since_ = io::now();
        detail_ = "writing";
        io::log(
            io::Level::warning,
            "agent.promoted",
            {{"epoch", std::to_string(epoch.value())}, {"took_ms", std::to_string((io::now() - began) / 1ms)}}
        );
        io::run_in_background(executor_, after_opening());
        response = success();
    } while (false);
    acting_ = false;
    co_return response;
}

io::Task<io::HttpResponse> Agent::prepare_switchover(io::HttpRequest) {
    auto done_work = pool_.run([this] { return cluster_->checkpoint(); });
    const auto done = co_await std::move(done_work);
    if (!done) co_return io::HttpResponse::error(500, done.error().code, done.error().message);
    co_return io::HttpResponse::json(200, "{}");
}

io::Task<io::HttpResponse> Agent::pause(io::HttpRequest request) {
    const json::value body = json::parse(request.body);
    const Epoch epoch(json::value_to<std::uint64_t>(body.at("epoch")));
    const Duration limit = std::chrono::milliseconds(json::value_to<std::int64_t>(body.at("limit_ms")));
    if (!holder_ || holder_->epoch() != epoch || !holder_->deadline()) {
        co_return io::HttpResponse::error(409, "stale-epoch", "this region does not write at that epoch");
    }
    paused_ = true;
    write_page(io::WriteState::paused, *holder_->deadline());
    io::run_in_background(executor_, resume_after(epoch, limit));
    co_return io::HttpResponse::json(200, "{}");
}

io::Task<void> Agent::resume_after(Epoch epoch, Duration limit) {
    co_await io::wait_for(limit);
    // Nobody finished what began with the pause: its effect undoes itself.
    if (holder_ && holder_->epoch() == epoch && paused_ && !release_with_ && holder_->deadline()) {
        paused_ = false;
        write_page(io::WriteState::writing, *holder_->deadline());
    }
}

io::Task<io::HttpResponse> Agent::fence(io::HttpRequest request) {
    const json::value body = json::parse(request.body);
    const Epoch epoch(json::value_to<std::uint64_t>(body.at("epoch")));
    if (holder_ && holder_->epoch() != epoch)
        co_return io::HttpResponse::error(409, "stale-epoch", "this region writes at another epoch");
    if (!holder_) co_return io::HttpResponse::json(200, "{}");  // it does not write
    // Whatever runs out runs out; this region does not take it up again at this epoch.
    gave_up_at_ = epoch;
    lose("told to end: the writer moves");
    auto kill_work = pool_.run([this] { return cluster_->kill(); });
    const auto killed = co_await std::move(kill_work);
    if (!killed) co_return io::HttpResponse::error(500, killed.error().code, killed.error().message);
    co_return io::HttpResponse::json(200, "{}");
}

io::Task<io::HttpResponse> Agent::demote(io::HttpRequest request) {
    const json::value body = json::parse(request.body);
    const Epoch epoch(json::value_to<std::uint64_t>(body.at("epoch")));
    const auto token_json = [](const core::PromotionToken& token) {
        return json::serialize(json::object{
            {"token", {{"system_id", token.system_id}, {"timeline", token.timeline}, {"lsn", core::text(token.lsn)}}}
        });
    };
    const bool released_before = !holder_ && lease_ && lease_->region == config_.region && lease_->epoch == epoch &&
                                 lease_->released && lease_->token;
    if (released_before) co_return io::HttpResponse::json(200, token_json(*lease_->token));  // told twice: done once
    if (!holder_ || holder_->epoch() != epoch)
        co_return io::HttpResponse::error(409, "stale-epoch", "this region does not write at that epoch");
    if (acting_) co_return io::HttpResponse::error(409, "busy", detail_);
    // A stop waits for a standby that listens, and for no other: without one, what it lacks would be lost.
    if (!seen_.streaming || !lease_ || lease_->sync != core::Sync::in_step) {
        co_return io::HttpResponse::error(
            409, "standby-not-in-step", "the standby does not have everything: nothing was stopped"
        );
    }
    acting_ = true;
    paused_ = true;
    if (holder_->deadline()) write_page(io::WriteState::paused, *holder_->deadline());
    auto token_work = pool_.run([this] { return cluster_->stop_for_switchover(10s); });
    const auto token = co_await std::move(token_work);
    if (!token) {
        acting_ = false;
        paused_ = false;
        co_return io::HttpResponse::error(500, token.error().code, token.error().message);
    }
    // Released with the next change of the lease, which carries the token: no writer is left that it could hurt.
    release_with_ = *token;
    for (const auto deadline = io::Deadline::after(5s); holder_ && !deadline.passed();) {
        if (!renewing_) {
            const auto sent_at = io::now();
            co_await renew(sent_at);
        }
        if (lease_ && lease_->released) break;
        co_await io::wait_for(5ms);
    }
    const bool released = lease_ && lease_->released;
    if (holder_) {
        note_interval("until_ns");
        holder_.reset();
    }
    // Hold what comes until the lease says where it can go.
    write_page(io::WriteState::paused, io::now());
    paused_ = false;
    release_with_.reset();
    acting_ = false;
    if (!released)
        co_return io::HttpResponse::error(
            503, "not-released", "PostgreSQL was stopped, but the lease could not be released"
        );
    co_return io::HttpResponse::json(200, token_json(*token));
}

io::Task<io::HttpResponse> Agent::change_dns(io::HttpRequest request) {
    const json::value body = json::parse(request.body);
    const dns::Version version{
        json::value_to<std::uint64_t>(body.at("epoch")), json::value_to<std::uint64_t>(body.at("change"))
    };
    std::vector<dns::RecordSet> records;
    for (const auto& entry : body.at("records").as_array()) {
        records.push_back({
            .name = json::value_to<std::string>(entry.at("name")),
            .type = json::value_to<std::string>(entry.at("type")),
            .ttl = json::value_to<std::uint32_t>(entry.at("ttl")),
            .values = json::value_to<std::vector<std::string>>(entry.at("values")),
        });
    }
    const auto applied = co_await names_.change(version, std::move(records), io::Deadline::after(2s));
    if (applied) co_return io::HttpResponse::json(200, "{}");
    const bool stale = applied.error().code == "dns.stale-epoch";
    co_return io::HttpResponse::error(
        stale ? 409 : 503, stale ? "stale-epoch" : applied.error().code, applied.error().message
    );
}

io::HttpResponse Agent::metrics() const {
    const auto gauge = [](const char* name, const char* help, double value) {
        return fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, help, value);
    };
    const io::LeaseView page = page_.read();
    std::string text;
    text += gauge("cloudshelf_epoch", "The newest epoch known here.", static_cast<double>(promises_.known().value()));
    text += gauge("cloudshelf_writer", "1 while this region may write.", page_.may_write(io::now()) ? 1 : 0);
    text += gauge(
        "cloudshelf_lease_remaining_seconds",
        "Until the write lease's deadline.",
        std::max(0.0, std::chrono::duration<double>(page.deadline - io::now()).count())
    );
    text += gauge(
        "cloudshelf_replication_lag_bytes", "How far the standby is behind.", static_cast<double>(seen_.lag_bytes)
    );
    text += gauge(
        "cloudshelf_replication_lag_seconds",
        "Age of the newest heartbeat row seen here, less one beat.",
        seen_.lag_seconds
    );
    text += gauge("cloudshelf_replication_streaming", "1 while the regions replicate.", seen_.streaming ? 1 : 0);
    text += gauge("cloudshelf_postgres_up", "1 while the local PostgreSQL answers.", seen_.running ? 1 : 0);
    text +=
        gauge("cloudshelf_stranded_writes", "Writes exported before a rewind.", static_cast<double>(stranded_writes_));
    text += gauge(
        "cloudshelf_certificate_remaining_seconds",
        "Until this site's certificate ends.",
        std::chrono::duration<double>(config_.tls->expires() - std::chrono::system_clock::now()).count()
    );
    text += clocks_.metrics();
    io::HttpResponse response = io::HttpResponse::text(200, std::move(text));
    response.headers = {{"Content-Type", "text/plain; version=0.0.4"}};
    return response;
}

}  // namespace cloudshelf::region
