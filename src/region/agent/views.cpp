#include "region/agent/views.hpp"

#include "io/background.hpp"
#include "region/agent/peer_calls.hpp"

namespace cloudshelf::region {

Views::Views(io::Executor executor, const AgentConfig& config, io::HttpClient& client, clocks::SiteClocks& clocks)
    : executor_(executor), config_(config), client_(client), gateways_(executor), clocks_(clocks) {}

void Views::start() {
    for (const auto& [region, gateway] : config_.gateways) {
        if (region == config_.region.value()) continue;
        io::run_in_background(executor_, watch({region, "gateway", &gateways_, gateway, {.target = "/health"}}));
    }
    if (!config_.peer) return;
    const std::string region = config_.peer->region.value();
    auto question = get("/v1/status", config_.site_token);
    io::run_in_background(executor_, watch({region, "agent", &client_, config_.peer->agent, std::move(question)}));
}

io::Task<void> Views::watch(Target target) {
    // At fixed times, whether or not the look before has its answer: a black hole must not slow detection down.
    for (;;) {
        io::run_in_background(executor_, look_at(target));
        co_await io::wait_for(config_.probe_interval);
    }
}

io::Task<void> Views::look_at(Target target) {
    const TimePoint asked_at = io::now();
    const auto answer = co_await target.client->send(
        target.endpoint, std::move(target.question), io::Deadline::after(config_.probe_timeout)
    );
    seen_[target.region][target.what] = answer && answer->status == 200;
    if (answer && target.what == "agent") clocks_.heard_text(target.region, asked_at, answer->body);
}

boost::json::object Views::status() const {
    boost::json::object views;
    for (const auto& [region, parts] : seen_) {
        boost::json::object& view = views[region].emplace_object();
        for (const auto& [what, healthy] : parts) view[what] = healthy;
    }
    return views;
}

}  // namespace cloudshelf::region
