#include "region/agent/server.hpp"

#include "io/log.hpp"

namespace cloudshelf::region {

using namespace std::chrono_literals;

io::Task<void> Server::watch(Duration interval) {
    for (;;) {
        const auto seen = co_await look();
        if (!seen) seen_ = {};
        co_await io::wait_for(interval);
    }
}

io::Task<Result<postgres::Observation>> Server::look() {
    auto looking = observer_pool_.run([this] { return observer_.observe(); });
    const auto seen = co_await std::move(looking);
    if (seen) seen_ = *seen;
    co_return seen;
}

io::Task<void> Server::take_certificates(std::shared_ptr<io::TlsContext> tls) {
    std::uint64_t taken = 0;
    for (;; co_await io::wait_for(1s)) {
        const std::uint64_t there = tls->generation();
        if (there == taken || !cluster_.exists()) continue;
        auto taking = pool_.run([this] { return cluster_.take_certificates(); });
        const auto done = co_await std::move(taking);
        if (done) {
            taken = there;
        } else {
            io::log(io::Level::warning, "agent.certificates-failed", {{"why", done.error().message}});
        }
    }
}

io::Task<bool> Server::is_running() {
    return pool_.run([this] { return cluster_.is_running(); });
}

io::Task<Result<void>> Server::initialize() {
    return pool_.run([this] { return cluster_.initialize(); });
}

io::Task<Result<void>> Server::start_primary() {
    return pool_.run([this] { return cluster_.start_primary(); });
}

io::Task<Result<void>> Server::start_as_writer() {
    return pool_.run([this] {
        if (const auto written = cluster_.configure(std::nullopt); !written) return written;
        return cluster_.start_primary();
    });
}

io::Task<Result<void>> Server::start_as_standby_of(postgres::Address primary) {
    return pool_.run([this, primary] {
        if (const auto written = cluster_.configure(primary); !written) return written;
        return cluster_.start_standby();
    });
}

io::Task<Result<void>> Server::start_standby() {
    return pool_.run([this] { return cluster_.start_standby(); });
}

io::Task<Result<void>> Server::promote(io::Deadline deadline) {
    return pool_.run([this, deadline] { return cluster_.promote(deadline.remaining()); });
}

io::Task<Result<core::PromotionToken>> Server::stop_for_switchover(Duration limit) {
    return pool_.run([this, limit] { return cluster_.stop_for_switchover(limit); });
}

io::Task<Result<void>> Server::kill() {
    return pool_.run([this] { return cluster_.kill(); });
}

io::Task<postgres::RejoinReport> Server::rejoin(postgres::Address primary) {
    return pool_.run([this, primary] {
        return cluster_.rejoin(primary, [](const std::string& line) {
            io::log(io::Level::info, "agent.rejoin", {{"step", line}});
        });
    });
}

io::Task<Result<void>> Server::provision() {
    return pool_.run([this] { return cluster_.provision(); });
}

io::Task<Result<void>> Server::checkpoint() {
    return pool_.run([this] { return cluster_.checkpoint(); });
}

io::Task<Result<void>> Server::maintain() {
    return pool_.run([this] { return cluster_.maintain(); });
}

io::Task<Result<void>> Server::set_synchronous(bool wait_for_standby) {
    return pool_.run([this, wait_for_standby] { return cluster_.set_synchronous(wait_for_standby); });
}

}  // namespace cloudshelf::region
