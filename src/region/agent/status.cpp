#include "region/agent/status.hpp"

#include "base/version.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::region {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

const char* name(io::WriteState state) {
    static constexpr const char* states[] = {"fenced", "writing", "paused", "remote"};
    return states[static_cast<std::uint32_t>(state) % 4];
}

json::object to_json(const postgres::Observation& seen) {
    return {
        {"running", seen.running},
        {"in_recovery", seen.in_recovery},
        {"streaming", seen.streaming},
        {"standby_is_sync", seen.standby_is_sync},
        {"system_id", seen.system_id},
        {"timeline", seen.timeline},
        {"lsn", core::text(seen.lsn)},
        {"received_lsn", core::text(seen.received)},
        {"replayed_lsn", core::text(seen.replayed)},
        {"lag_bytes", seen.lag_bytes},
        {"lag_seconds", seen.lag_seconds}
    };
}

std::string gauge(const char* name, const char* help, double value) {
    return fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, help, value);
}

}  // namespace

Status::Status(
    const AgentConfig& config,
    const WriteLease& lease,
    const Promises& promises,
    const Names& names,
    const Views& views,
    const clocks::SiteClocks& clocks,
    const Server* server,
    const Role* role
)
    : config_(config),
      lease_(lease),
      promises_(promises),
      names_(names),
      views_(views),
      clocks_(clocks),
      server_(server),
      role_(role) {}

postgres::Observation Status::seen() const {
    return server_ ? server_->seen() : postgres::Observation{};
}

std::string Status::role_name() const {
    if (role_ == nullptr) return "witness";
    const postgres::Observation here = seen();
    if (role_->is_quarantined()) return "quarantined";
    if (lease_.deadline() && here.running && !here.in_recovery) return "writer";
    if (role_->is_acting()) return "rejoining";
    if (here.running && here.in_recovery) return "standby";
    return "fenced";
}

io::HttpResponse Status::answer() const {
    const io::LeaseView page = lease_.page();
    const postgres::Observation here = seen();
    json::object views = views_.status();
    if (config_.peer) {
        json::value& peer = views[config_.peer->region.value()];
        if (!peer.is_object()) peer.emplace_object();
        peer.as_object()["postgres"] = here.streaming;
    }
    json::value seen_lease;
    if (const auto& record = lease_.record())
        seen_lease = json::object{{"region", record->region.value()}, {"epoch", record->epoch.value()}};
    const bool is_whole = server_ && server_->is_whole() && !role_->is_rejoining();
    const json::object body{
        {"version", version},
        {"format", state_format},
        {"region", config_.region.value()},
        {"role", role_name()},
        {"detail", role_ ? role_->detail() : "starting"},
        {"epoch", promises_.known().value()},
        {"lease",
         {{"state", name(page.state)}, {"remaining_ms", std::max<std::int64_t>(0, (page.deadline - io::now()) / 1ms)}}},
        {"sync", lease_.record() ? core::name(lease_.record()->sync) : "unknown"},
        {"seen_lease", std::move(seen_lease)},
        {"has_data", is_whole},
        {"is_writer", is_whole && !server_->is_standby()},
        {"stranded_writes", role_ ? role_->stranded_writes() : 0},
        {"postgres", to_json(here)},
        {"views", std::move(views)},
        {"dns",
         {{"epoch", names_.version().epoch}, {"change", names_.version().change}, {"sent_away", names_.sent_away()}}},
        {"clock", clocks::own_clock()},
    };
    return io::HttpResponse::json(200, json::serialize(body));
}

io::HttpResponse Status::promoted(Epoch epoch, Duration took) const {
    const postgres::Observation here = seen();
    const json::object body{
        {"epoch", epoch.value()}, {"timeline", here.timeline}, {"lsn", core::text(here.lsn)}, {"took_ms", took / 1ms}
    };
    return io::HttpResponse::json(200, json::serialize(body));
}

io::HttpResponse Status::metrics() const {
    const postgres::Observation here = seen();
    const auto remaining = std::chrono::duration<double>(lease_.page().deadline - io::now()).count();
    const auto certificate = std::chrono::duration<double>(config_.tls->expires() - std::chrono::system_clock::now());
    const auto stranded = static_cast<double>(role_ ? role_->stranded_writes() : 0);
    std::string text;
    text += gauge("cloudshelf_epoch", "The newest epoch known here.", static_cast<double>(promises_.known().value()));
    text += gauge("cloudshelf_writer", "1 while this region may write.", lease_.may_write() ? 1 : 0);
    text += gauge("cloudshelf_lease_remaining_seconds", "Until the write lease's deadline.", std::max(0.0, remaining));
    text += gauge(
        "cloudshelf_replication_lag_bytes", "How far the standby is behind.", static_cast<double>(here.lag_bytes)
    );
    text += gauge(
        "cloudshelf_replication_lag_seconds",
        "Age of the newest heartbeat row seen here, less one beat.",
        here.lag_seconds
    );
    text += gauge("cloudshelf_replication_streaming", "1 while the regions replicate.", here.streaming ? 1 : 0);
    text += gauge("cloudshelf_postgres_up", "1 while the local PostgreSQL answers.", here.running ? 1 : 0);
    text += gauge("cloudshelf_stranded_writes", "Writes exported before a rewind.", stranded);
    text +=
        gauge("cloudshelf_certificate_remaining_seconds", "Until this site's certificate ends.", certificate.count());
    text += clocks_.metrics();
    io::HttpResponse response = io::HttpResponse::text(200, std::move(text));
    response.headers = {{"Content-Type", "text/plain; version=0.0.4"}};
    return response;
}

}  // namespace cloudshelf::region
