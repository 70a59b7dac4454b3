#include "controller/controller.hpp"

#include "io/background.hpp"
#include "io/log.hpp"
#include "io/signals.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::controller {
namespace {

using namespace std::chrono_literals;

/// Of an application's sites: connections under TLS to five programs, some milliseconds of work for each of us.
constexpr Duration first_meeting = 20ms;

/// The application of a journalled execution; the first where it does not say, as before there were several.
std::string application_of(const store::JournalEntry& entry) {
    boost::system::error_code bad;
    const auto data = boost::json::parse(entry.data, bad);
    const auto* name = bad ? nullptr : data.find_pointer("/notes/application", bad);
    return name && name->is_string() ? std::string(name->as_string()) : std::string();
}

}  // namespace

Controller::Controller(io::Executor executor, ControllerConfig config, OpenStore store)
    : executor_(executor),
      config_(std::move(config)),
      store_(std::move(store)),
      agents_(executor, config_.calls()),
      gateways_(executor),
      services_{
          executor, *store_.store, agents_, gateways_, config_.site_token, config_.data, look_counts_, attention_
      },
      leadership_(
          executor,
          *store_.store,
          {.site = config_.site, .terms = config_.leader_terms()},
          [this] { return candidate(); }
      ),
      copy_(services_, {.page = config_.limits.journal_page}),
      peers_(
          services_,
          config_,
          config_.leader_terms().beat,
          [this](const RegionName& site, const core::CheckName& check, core::Observation observation) {
              if (health_) health_->saw_elsewhere(core::VantageName(site.value()), check, observation);
          }
      ),
      api_(services_, config_, applications_, leadership_, peers_, looks_, health_, copy_, store_.etcd) {
    for (const auto& application : config_.applications) {
        applications_.add(std::make_unique<Application>(services_, application, config_.site, [this] {
            return fmt::format("x{}", next_id_++);
        }));
    }
}

core::Candidate Controller::candidate() const {
    core::Candidate candidate{.site = config_.site, .alive = peers_.able()};
    for (const auto& application : applications_) {
        for (const auto& site : application->config().sites) {
            if (!site.witness) candidate.regions.insert(site.region);
        }
        if (const auto& lease = application->lease().record()) candidate.writers.insert(lease->region);
        candidate.move_under_way |= application->move_under_way();
    }
    return candidate;
}

/// All applications' together: what looks costs memory by the checker, not by the check.
Result<void> Controller::begin_health_checks() {
    HealthChecker::Options options{.here = core::VantageName(config_.site.value())};
    for (const auto& application : config_.applications) {
        for (HealthChecker::Check check : application.checks) {
            check.options.name = application.check_name(check.options.name);
            options.checks.push_back(std::move(check));
        }
    }
    // Sites do not fall into step with each other.
    auto& seed = options.rounds.schedule.seed;
    for (const char letter : config_.site.value()) seed = seed * 31 + static_cast<unsigned char>(letter);
    HealthChecker::Told told{
        .changed =
            [](const core::StatusChange& change) {
                io::log(
                    change.status == core::HealthStatus::healthy ? io::Level::info : io::Level::warning,
                    "health.changed",
                    {{"check", change.check.value()}, {"status", core::name(change.status)}}
                );
            },
        .saw = [this](const core::CheckName& check, core::Observation seen) { looks_.saw(check, seen); },
        .late = [this](Duration behind) { looks_.late(behind); },
    };
    auto started = HealthChecker::start(executor_, std::move(options), std::move(told));
    if (!started) return fail(started.error());
    health_ = std::move(*started);
    return {};
}

io::Task<int> Controller::run() {
    io::HttpServer server(
        executor_,
        {.listen = config_.listen,
         .body_bytes_max = config_.limits.body_bytes_max,
         // Each site of each application keeps one or two, and persons come on top.
         .connections_max = config_.limits.connections_max + 6 * applications_.size(),
         .tls = config_.tls},
        [this](io::HttpRequest request) { return api_.answer(std::move(request)); }
    );
    // Also the lock of this site's controller: there is never a second one at its address.
    if (const auto started = server.start(); !started) {
        io::log(io::Level::error, "controller.start-failed", {{"why", started.error().message}});
        co_return 73;
    }
    if (const auto opened = copy_.open(); !opened) {
        io::log(io::Level::error, "controller.start-failed", {{"why", opened.error().message}});
        co_return 73;
    }
    leadership_.remember(copy_.newest_term());
    copy_.begin();
    if (const auto begun = begin_health_checks(); !begun) {
        io::log(io::Level::error, "controller.start-failed", {{"why", begun.error().message}});
        co_return 65;
    }
    for (const auto& application : applications_) {
        // Evenly over the interval, or over as long as it takes to meet all of their sites without haste.
        const auto place = static_cast<Duration::rep>(applications_.place_of(*application));
        const auto count = static_cast<Duration::rep>(applications_.size());
        const Duration over = std::max<Duration>(application->config().probe_interval, first_meeting * count);
        application->begin_watching(over * place / count);
    }
    peers_.begin();
    io::run_in_background(executor_, watch_leases());
    io::run_in_background(executor_, pay_attention());
    io::run_in_background(executor_, lead());
    if (config_.peers.empty()) io::run_in_background(executor_, end_where_useless());
    io::log(io::Level::info, "controller.started", {{"listen", config_.listen.text()}});
    co_await io::asked_to_end();
    const auto grace = io::Deadline::after(1s);
    co_await server.stop(grace);
    co_return exit_status();
}

int Controller::exit_status() const {
    const auto& why = leadership_.refuses();
    return why && why->code == "store.newer-format" ? exit_newer_state : 0;
}

io::Task<void> Controller::end_where_useless() {
    while (exit_status() == 0) co_await io::wait_for(500ms);
    std::_Exit(exit_newer_state);
}

io::Task<void> Controller::watch_leases() {
    const auto quickest = std::ranges::min_element(config_.applications, {}, [](const ApplicationConfig& application) {
        return application.terms.beat;
    });
    for (;;) {
        co_await read_leases();
        co_await io::wait_for(quickest->terms.beat / 2);
    }
}

io::Task<void> Controller::read_leases() {
    std::vector<core::LeaseTaker::Mark> known;  // as it was when the store was asked
    for (const auto& application : applications_) known.push_back(application->lease().mark());
    const auto found = co_await store_.store->changes("app/", leases_mark_);
    if (!found) co_return;
    for (const auto& [key, entry] : found->entries) {
        Application* whose = applications_.with_lease(key);
        if (whose != nullptr) whose->heard(known[applications_.place_of(*whose)], entry);
    }
    leases_mark_ = found->mark;
}

/// For all of them in one loop: a timer for each would cost more than what it is for.
io::Task<void> Controller::decide() {
    Duration interval = 50ms;
    for (const auto& application : config_.applications)
        interval = std::min<Duration>(interval, application.probe_interval / 5);
    for (;;) {
        co_await io::wait_for(interval);
        for (const auto& application : applications_) application->decide();
    }
}

/// A follower watches closely as soon as the leader misses a beat or two: long before its lease has run out it has
/// then seen as much as the leader had, so that a change of leader costs no detection.
io::Task<void> Controller::pay_attention() {
    const auto terms = config_.leader_terms();
    for (;;) {
        attention_.close = leadership_.leads() || leadership_.is_overdue(io::now());
        co_await io::wait_for(terms.beat / 2);
    }
}

io::Task<void> Controller::lead() {
    const Epoch term = co_await leadership_.win();
    io::log_identity({{"program", "controller"}, {"term", std::to_string(term.value())}});
    co_await read_leases();
    co_await read_journal();
    leadership_.announce();
    for (const auto& application : applications_) application->lead();
    io::run_in_background(executor_, decide());
    if (store_.etcd != nullptr) io::run_in_background(executor_, keep_store_near());
    const std::string why = co_await leadership_.keep();
    io::log(io::Level::warning, "controller.leads-no-more", {{"why", why}});
    std::_Exit(exit_lost_the_lead);
}

/// Learns what was decided before. Until it can be read nothing is begun: who does not know the executions that there
/// were would begin others beside them.
io::Task<void> Controller::read_journal() {
    for (std::uint64_t from = 1;;) {
        const auto entries = co_await store_.store->read(from, config_.limits.journal_page);
        if (!entries) {
            io::log(
                io::Level::error,
                "controller.store-unreadable",
                {{"code", entries.error().code}, {"why", entries.error().message}}
            );
            co_await io::wait_for(500ms);
            continue;
        }
        if (entries->empty()) co_return;
        for (const auto& entry : *entries) {
            from = entry.index + 1;
            const std::string name = application_of(entry);
            Application* whose =
                name.empty() ? applications_.with_execution(entry.execution) : applications_.named(name);
            if (name.empty() && whose == nullptr) whose = &applications_.front();
            if (whose != nullptr) whose->recall(entry);
            if (entry.execution.starts_with("x"))
                next_id_ = std::max<std::uint64_t>(next_id_, std::stoull(entry.execution.substr(1)) + 1);
        }
    }
}

/// The store's leader belongs beside ours: then the loss of another site costs no election.
io::Task<void> Controller::keep_store_near() {
    const auto own = std::ranges::find(config_.store.etcd, config_.site, &StoreConfig::Member::site);
    if (own == config_.store.etcd.end()) co_return;
    for (std::string problem;;) {
        const auto moved = co_await store_.etcd->lead_from(own->endpoint);
        const std::string now = moved ? std::string() : moved.error().message;
        if (now != problem) io::log(io::Level::warning, "controller.store-leader", {{"problem", now}});
        problem = now;
        co_await io::wait_for(1s);
    }
}

}  // namespace cloudshelf::controller
