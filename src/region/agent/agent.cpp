#include "region/agent/agent.hpp"

#include "io/background.hpp"
#include "io/log.hpp"
#include "io/signals.hpp"

#include <algorithm>

namespace cloudshelf::region {

using namespace std::chrono_literals;

Agent::Region::Region(const io::Executor& executor, Agent& agent)
    : server(*agent.config_.postgres),
      role(agent.config_, agent.lease_, agent.promises_, server),
      commands(executor, agent.config_, agent.lease_, agent.store_, agent.promises_, server, role) {}

Agent::Agent(io::Executor executor, AgentConfig config, io::LeasePage page)
    : executor_(executor),
      config_(std::move(config)),
      client_(executor, config_.calls()),
      clocks_(config_.terms),
      store_(client_, config_, clocks_),
      promises_(config_.terms, config_.data),
      lease_(executor, config_, client_, clocks_, store_, promises_, std::move(page)),
      names_(config_.dns),
      views_(executor, config_, client_, clocks_),
      region_(config_.witness ? std::nullopt : std::optional<Region>(std::in_place, executor, *this)),
      status_(
          config_,
          lease_,
          promises_,
          names_,
          views_,
          clocks_,
          region_ ? &region_->server : nullptr,
          region_ ? &region_->role : nullptr
      ),
      api_(config_, status_, clocks_, lease_, promises_, names_, region_ ? &region_->commands : nullptr) {}

io::Task<int> Agent::run() {
    io::HttpServer server(
        executor_,
        {.listen = config_.listen, .body_bytes_max = 64 << 10, .tls = config_.tls},
        [this](io::HttpRequest request) { return api_.answer(std::move(request)); }
    );
    if (const auto started = server.start(); !started) {
        io::log(io::Level::error, "agent.start-failed", {{"why", started.error().message}});
        co_return 73;
    }
    start_loops();
    io::log(io::Level::info, "agent.started", {{"listen", config_.listen.text()}});
    co_await io::asked_to_end();
    // The lease is not released: only a switchover does that. PostgreSQL ends with its fencer.
    const auto grace = io::Deadline::after(1s);
    co_await server.stop(grace);
    co_return 0;
}

void Agent::start_loops() {
    views_.start();
    io::run_in_background(executor_, names_.learn());
    if (!region_) return;
    io::run_in_background(executor_, lease_.beat());
    io::run_in_background(executor_, region_->role.look());
    io::run_in_background(executor_, region_->server.watch(std::min<Duration>(config_.probe_interval, 200ms)));
    io::run_in_background(executor_, region_->role.maintain());
    io::run_in_background(executor_, tend_names());
    io::run_in_background(executor_, region_->server.take_certificates(config_.tls));
}

io::Task<void> Agent::tend_names() {
    for (;;) {
        co_await io::wait_for(config_.probe_interval);
        const Duration silence = io::now() - store_.heard();
        const bool away =
            core::sends_customers_away(config_.region, lease_.record(), lease_.is_held(), silence, config_.terms);
        if (!away || names_.sent_away()) continue;
        const auto sent = co_await names_.send_away(io::Deadline::after(1s));
        io::log(
            io::Level::warning,
            "agent.customers-sent-away",
            {{"to", config_.dns.away}, {"result", sent ? "done" : sent.error().message}}
        );
    }
}

}  // namespace cloudshelf::region
