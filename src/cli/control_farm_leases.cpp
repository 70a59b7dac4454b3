// The farm's leases: renewed and read through the controllers, with the agents' own client of the store.
#include "cli/control_farm.hpp"
#include "io/background.hpp"
#include "io/clock.hpp"
#include "region/agent/store_client.hpp"

#include <boost/asio/io_context.hpp>

#include <deque>

namespace cloudshelf::cli {
namespace {

constexpr Duration joining = std::chrono::seconds(20);  // until the last one is there

/// One region's agent of one application, as far as it talks to controllers.
struct LeaseAgent {
    LeaseAgent(io::Executor executor, const Farm& from, int of, int at, std::shared_ptr<io::TlsContext> tls)
        : farm(from), application(of), site(at) {
        const auto place = static_cast<std::size_t>(site);
        config.application = Farm::application_name(application);
        config.region = farm.sites[place];
        config.tls = std::move(tls);
        config.site_token = farm.token;
        config.terms = {
            .duration = farm.timing.lease, .beat = farm.timing.beat, .drift_ppm_max = farm.timing.drift_ppm
        };
        // Its own site's first.
        for (int i = 0; i < farm_sites; ++i) {
            const auto next = static_cast<std::size_t>((site + i) % farm_sites);
            config.controllers.push_back({farm.sites[next].value(), farm.controllers[next]});
        }
        client.emplace(executor, config.calls());
        sites_clocks.emplace(config.terms);
        store.emplace(*client, config, *sites_clocks);
    }

    FarmState::Application& known() const {
        return FarmState::shared().applications[static_cast<std::size_t>(application)];
    }
    bool silent() const { return known().silent_since[static_cast<std::size_t>(site)] != 0; }

    const Farm& farm;
    int application;
    int site;
    region::AgentConfig config;
    std::optional<io::HttpClient> client;
    std::optional<clocks::SiteClocks> sites_clocks;
    std::optional<region::StoreClient> store;
    std::uint64_t revision = 0;
    std::optional<core::LeaseRecord> record;
};

io::Task<bool> learn(LeaseAgent& agent) {
    auto& state = FarmState::shared();
    const TimePoint began = io::now();
    const auto found = co_await agent.store->read();
    if (!found) ++state.reads_failed;
    if (!found) co_return false;
    state.reads.add(io::now() - began);
    agent.revision = *found ? (*found)->revision : 0;
    if (*found) agent.record = (*found)->record;
    co_return true;
}

io::Task<void> renew(LeaseAgent& agent) {
    auto& state = FarmState::shared();
    if (!agent.record) {
        const bool learned = co_await learn(agent);
        if (!learned) co_return;
    }
    core::LeaseRecord next = agent.record.value_or(core::LeaseRecord{
        .region = agent.farm.sites[static_cast<std::size_t>(agent.site)], .epoch = Epoch(agent.known().epoch)
    });
    if (next.region != agent.config.region) co_return;  // not ours any more
    next.beat += 1;
    next.sync = core::Sync::in_step;
    const TimePoint began = io::now();
    const auto stored =
        co_await agent.store->swap(agent.revision, next, io::Deadline::after(agent.config.terms.duration / 2));
    if (stored) {
        state.swaps.add(io::now() - began);
        agent.revision = stored->revision;
        agent.record = next;
        co_return;
    }
    ++(stored.error().code == "conflict" ? state.swaps_refused : state.swaps_failed);
    agent.record.reset();
}

io::Task<void> live(LeaseAgent& agent, Duration phase) {
    co_await io::wait_for(phase);
    for (TimePoint due = io::now();;) {
        const bool writes = agent.known().writer == agent.site;
        if (!writes) agent.record.reset();
        if (!agent.silent() && writes) co_await renew(agent);
        if (!agent.silent() && !writes) co_await learn(agent);
        const TimePoint now = io::now();
        due = std::max(now, due + (writes ? agent.farm.timing.beat : agent.farm.timing.probe_interval));
        co_await io::wait_for(due - now);
    }
}

}  // namespace

void run_farm_leases(const Farm& farm) {
    boost::asio::io_context loop(1);
    std::deque<LeaseAgent> agents;
    for (int site = 0; site < farm_witness; ++site) {
        auto tls = io::TlsContext::open({.identity = farm.identities[static_cast<std::size_t>(site)]});
        if (!tls) return;
        for (int i = 0; i < farm.applications; ++i) agents.emplace_back(loop.get_executor(), farm, i, site, *tls);
    }
    for (auto& agent : agents) {
        // Not all in one second, as where each was started when its application was.
        const Duration phase = joining * agent.application / farm.applications;
        io::run_in_background(loop.get_executor(), live(agent, phase));
    }
    loop.run();
}

}  // namespace cloudshelf::cli
