#include "drivers/postgres/cluster.hpp"

#include "drivers/postgres/creation.hpp"
#include "drivers/postgres/fencer_client.hpp"
#include "drivers/postgres/private_files.hpp"
#include "drivers/postgres/promotion.hpp"
#include "drivers/postgres/provision.hpp"
#include "drivers/postgres/queries.hpp"
#include "io/clock.hpp"

#include <fmt/format.h>

#include <thread>

namespace cloudshelf::postgres {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Cluster::Cluster(ClusterOptions options)
    : options_(std::move(options)), access_(options_), configuration_(options_), journal_(options_) {}

bool Cluster::exists() const {
    return fs::exists(options_.pgdata / "PG_VERSION");
}
bool Cluster::is_whole() const {
    return exists() && journal_.check_startable().has_value();
}
bool Cluster::is_standby() const {
    return fs::exists(options_.pgdata / "standby.signal");
}

Result<void> Cluster::initialize() {
    return postgres::initialize(options_);
}
Result<void> Cluster::provision() {
    return postgres::provision(access_, options_.peer);
}
Result<void> Cluster::configure(std::optional<Address> primary) {
    return configuration_.write(primary);
}
Result<void> Cluster::clone_from(Address primary) {
    return clone(options_, primary);
}
Result<void> Cluster::maintain() {
    return postgres::maintain(access_, options_.peer);
}

Result<void> Cluster::take_certificates() {
    if (const auto copied = configuration_.copy_certificates(); !copied) return copied;
    if (!is_running()) return {};
    auto server = access_.admin("postgres", 5s);
    if (!server) return fail(server.error());
    return tell(*server, "SELECT pg_reload_conf()");
}

Result<std::string> Cluster::fencer(const std::string& command, Duration limit) const {
    return ask_fencer(options_.fencer_socket, command, limit);
}

Result<void> Cluster::start_standby() {
    if (const auto whole = journal_.check_startable(); !whole) return whole;
    const auto answer = fencer("start-standby", 10s);
    if (!answer) return fail(answer.error());
    return {};
}

Result<void> Cluster::start_primary() {
    if (const auto whole = journal_.check_startable(); !whole) return whole;
    const bool was_standby = is_standby();
    std::error_code ignored;
    fs::remove(options_.pgdata / "standby.signal", ignored);
    const auto answer = fencer("start-primary", 10s);
    if (answer) return {};
    // Refused: what was a standby stays one, or the next start would take it for an old writer.
    if (was_standby) {
        const auto written = write_private_file(options_.pgdata / "standby.signal", "", options_.user);
        if (!written) return written;
    }
    return fail(answer.error());
}

Result<void> Cluster::stop(Duration limit) {
    const auto answer = fencer(fmt::format("stop-fast {}", limit / 1ms), limit + 2s);
    if (!answer) return fail(answer.error());
    return {};
}

Result<void> Cluster::kill() {
    const auto answer = fencer("kill", 10s);
    if (!answer) return fail(answer.error());
    return {};
}

bool Cluster::is_running() const {
    const auto answer = fencer("status", 2s);
    return answer && answer->starts_with("running");
}

Result<core::PromotionToken> Cluster::stop_for_switchover(Duration limit) {
    if (const auto stopped = stop(limit); !stopped) return fail(stopped.error());
    const auto control = read_control_data(options_);
    if (!control) return fail(control.error());
    if (control->state != "shut down") {
        return fail("postgres.unclean", fmt::format("the server ended as \"{}\", not \"shut down\"", control->state));
    }
    return core::PromotionToken{
        .system_id = control->system_id, .timeline = control->timeline, .lsn = control->checkpoint
    };
}

Result<void> Cluster::promote(Duration limit) {
    return postgres::promote(access_, limit);
}

Result<void> Cluster::checkpoint() {
    auto server = access_.admin("postgres", 5s);
    if (!server) return fail(server.error());
    return tell(*server, "CHECKPOINT");
}

Result<void> Cluster::set_synchronous(bool wait_for_standby) {
    const std::string names = wait_for_standby ? fmt::format("\"{}\"", options_.peer.value()) : "";
    if (const auto written = configuration_.write_synchronous(names); !written) return written;
    auto server = access_.admin("postgres", 5s);
    if (!server) return fail(server.error());
    if (const auto told = tell(*server, "SELECT pg_reload_conf()"); !told) return told;
    for (const auto deadline = io::Deadline::after(5s); !deadline.passed(); std::this_thread::sleep_for(2ms)) {
        const auto now = server->execute("SHOW synchronous_standby_names");
        if (!now) return fail(now.error());
        if (field(*now, 0) == names) return {};
    }
    return fail("postgres.reload", "the server did not take the new setting within 5 s");
}

RejoinReport Cluster::rejoin(Address primary, std::function<void(const std::string&)> progress) {
    if (!is_running()) return Rejoin(options_).run(primary, std::move(progress));
    return {.how = Rejoined::quarantined, .detail = "the server still runs: stop it before it rejoins"};
}

}  // namespace cloudshelf::postgres
