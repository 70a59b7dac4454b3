#include "controller/watch.hpp"

#include "base/random.hpp"
#include "controller/json_path.hpp"
#include "io/background.hpp"

#include <boost/json.hpp>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

/// A share of the probes is lost, on purpose: for the soak (`CLOUDSHELF_DROP_PROBES=0.01`).
bool lost_on_purpose() {
    static const char* share = std::getenv("CLOUDSHELF_DROP_PROBES");
    static const double wanted = share == nullptr ? 0 : std::strtod(share, nullptr);
    static Random random(static_cast<std::uint64_t>(io::now().time_since_epoch().count()));
    return wanted > 0 && random.unit() < wanted;
}

}  // namespace

Watch::Watch(const Services& services, const ApplicationConfig& config, RegionName site)
    : services_(services), config_(config), site_(std::move(site)), clocks_(config_.terms) {
    for (const auto& known : config_.sites) {
        seen_[known.region];
        if (known.witness) continue;
        health_.emplace(
            known.region,
            core::RegionHealth({
                .failure_threshold = config_.failure_threshold,
                .quorum = 2,
                .view_age_max = view_age_max(),
            })
        );
    }
}

Duration Watch::view_age_max() const {
    return config_.probe_interval * 2 + config_.probe_timeout + 200ms;
}

/// Every third for who does not watch closely, or more often where views grow old sooner: they stay fresh.
int Watch::looks_apart() const {
    if (services_.attention.close) return 1;
    return static_cast<int>(std::min<Duration::rep>(3, view_age_max() / config_.probe_interval));
}

void Watch::begin(Duration phase) {
    for (const auto& site : config_.sites) io::run_in_background(services_.executor, look_at(site, phase));
}

io::Task<void> Watch::look_at(SiteConfig site, Duration phase) {
    // At fixed times, whether or not the look before has its answer: a black hole must not slow detection down.
    for (TimePoint due = io::now() + phase;; due += config_.probe_interval * looks_apart()) {
        co_await io::wait_for(std::max<Duration>(Duration::zero(), due - io::now()));
        // Who asks late is itself late: the loop was busy or paused, and what it missed is not the region's fault.
        const Duration behind = io::now() - due;
        services_.looks.add(behind);
        const bool late = behind > config_.probe_interval;
        if (late) due = io::now();
        if (!site.witness) io::run_in_background(services_.executor, look_at_gateway(site, late));
        io::run_in_background(services_.executor, look_at_agent(site, late));
    }
}

bool Watch::slept_since(TimePoint begun) const {
    return io::now() - begun > config_.probe_timeout + config_.probe_interval;
}

io::Task<void> Watch::look_at_gateway(SiteConfig site, bool late) {
    const TimePoint begun = io::now();
    io::HttpRequest request{.target = "/health"};
    const auto answer =
        co_await services_.gateways.send(site.gateway, std::move(request), io::Deadline(begun + config_.probe_timeout));
    Seen& seen = seen_[site.region];
    seen.gateway = answer && answer->status == 200 && !lost_on_purpose();
    ++probes_;
    const core::View view{.answers = seen.gateway || seen.agent, .streams = streams_here_.contains(site.region)};
    health_.at(site.region).saw(site_.value(), view, late || slept_since(begun), io::now());
}

io::Task<void> Watch::look_at_agent(SiteConfig site, bool late) {
    const TimePoint begun = io::now();
    io::HttpRequest request{.target = "/v1/status", .headers = {{"Authorization", "Bearer " + services_.site_token}}};
    const auto answer =
        co_await services_.agents.send(site.agent, std::move(request), io::Deadline(begun + config_.probe_timeout));
    Seen& seen = seen_[site.region];
    seen.agent = answer && answer->status == 200 && !lost_on_purpose();
    if (!seen.agent && site.region == site_) streams_here_.clear();
    if (!seen.agent) co_return;
    boost::system::error_code bad;
    const json::value status = json::parse(answer->body, bad);
    if (bad) co_return;
    clocks_.heard(site.region.value(), begun, status);
    hear(site, status, late || slept_since(begun));
}

void Watch::hear(const SiteConfig& site, const json::value& status, bool late) {
    Seen& seen = seen_[site.region];
    seen.status = status;
    const std::string role = text(status, "/role");
    seen.not_writing_looks = role == "fenced" || role == "quarantined" ? seen.not_writing_looks + 1 : 0;
    seen.standby_looks = role == "standby" ? seen.standby_looks + 1 : 0;
    if (role == "standby" && is_true(status, "/postgres/streaming")) seen.last_standby = status;
    // What another site sees of the regions is a vantage of its own. This one's we see ourselves, all but the stream.
    const bool here = site.region == site_;
    if (here) streams_here_.clear();
    const auto* views = find(status, "/views");
    if (!views || !views->is_object()) return;
    for (const auto& [name, view] : views->as_object()) {
        const RegionName region{std::string(name)};
        const auto health = health_.find(region);
        if (health == health_.end()) continue;
        const bool streams = is_true(view, "/postgres") && role == "standby";
        if (here && streams) streams_here_.insert(region);
        const bool answers = is_true(view, "/gateway") || is_true(view, "/agent");
        if (!here) health->second.saw(site.region.value(), {.answers = answers, .streams = streams}, late, io::now());
    }
}

core::Verdict Watch::verdict(const RegionName& region, TimePoint now) const {
    const auto found = health_.find(region);
    return found == health_.end() ? core::Verdict::unknown : found->second.verdict(now);
}

void Watch::fill(core::Situation& situation, bool lease_ran_out, TimePoint now) const {
    if (!situation.lease) return;
    for (const auto& [name, seen] : seen_) {
        // An agent that cannot read what it remembered says the highest number there is: that is no epoch.
        constexpr double epoch_max = 1e18;
        const double known = seen.agent ? number(seen.status, "/epoch") : 0;
        if (known < epoch_max)
            situation.newest_known = std::max(situation.newest_known, Epoch(static_cast<std::uint64_t>(known)));
    }
    const RegionName& region = situation.lease->region;
    situation.writer = verdict(region, now);
    const auto writer = seen_.find(region);
    if (writer != seen_.end() && writer->second.agent) {
        const int many = 3 * config_.failure_threshold;
        const bool held_by_nobody = lease_ran_out && !situation.lease->released;
        situation.writer_gave_up = held_by_nobody && writer->second.not_writing_looks >= many;
        situation.writer_never_opened = held_by_nobody && writer->second.standby_looks >= many;
        situation.writer_could_open = is_true(writer->second.status, "/has_data");
    }
    const SiteConfig* standby = config_.other(region);
    if (standby == nullptr) return;
    situation.standby_region = standby->region;
    const Seen& seen = seen_.at(standby->region);
    situation.standby.reachable = seen.agent;
    situation.standby.has_data = is_true(seen.status, "/has_data");
    situation.standby.follows = is_true(seen.status, "/postgres/in_recovery");
    situation.standby.lag_bytes = static_cast<std::uint64_t>(number(seen.last_standby, "/postgres/lag_bytes"));
    situation.standby.lag_seconds = number(seen.last_standby, "/postgres/lag_seconds");
}

json::object Watch::status(TimePoint now) const {
    json::object regions;
    for (const auto& [region, seen] : seen_) {
        const bool watched = health_.contains(region);
        json::object entry{
            {"verdict",
             watched      ? core::name(verdict(region, now))
             : seen.agent ? "healthy"
                          : "down"},
            {"role", seen.agent ? text(seen.status, "/role") : ""},
            {"detail", seen.agent ? text(seen.status, "/detail") : "its agent does not answer"},
            {"gateway", seen.gateway},
            {"agent", seen.agent},
        };
        if (const auto* postgres = find(seen.status, "/postgres"); postgres && seen.agent)
            entry["postgres"] = *postgres;
        if (const auto* stranded = find(seen.status, "/stranded_writes"); stranded && seen.agent)
            entry["stranded_writes"] = *stranded;
        regions[region.value()] = std::move(entry);
    }
    return regions;
}

}  // namespace cloudshelf::controller
