#include "drivers/clocks/site_clocks.hpp"

#include "io/clock.hpp"
#include "io/log.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace cloudshelf::clocks {
namespace {

namespace json = boost::json;

/// Certificates are issued from an hour ago, but people lay logs side by side by the second.
constexpr std::int64_t wall_offset_ms_max = 1000;

std::optional<ClockReading> parse(const json::value& answer) {
    boost::system::error_code none;
    const auto* id = answer.find_pointer("/clock/id", none);
    const auto* monotonic = answer.find_pointer("/clock/monotonic_ns", none);
    const auto* wall = answer.find_pointer("/clock/wall_ms", none);
    if (!id || !monotonic || !wall || !id->is_string() || !monotonic->is_int64() || !wall->is_int64())
        return std::nullopt;
    // What no machine can say would overflow differences.
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 4;
    if (monotonic->as_int64() < 0 || monotonic->as_int64() > most || wall->as_int64() < 0 || wall->as_int64() > most)
        return std::nullopt;
    return ClockReading{
        .id = std::string(id->as_string()),
        .monotonic = TimePoint(Duration(monotonic->as_int64())),
        .wall_ms = wall->as_int64(),
    };
}

double wall_offset_s(const core::WallOffset& offset) {
    return static_cast<double>(offset.lower_ms + offset.upper_ms) / 2e3;
}

}  // namespace

json::object own_clock() {
    const ClockReading clock = io::read_clocks();
    return {{"id", clock.id}, {"monotonic_ns", clock.monotonic.time_since_epoch().count()}, {"wall_ms", clock.wall_ms}};
}

void SiteClocks::heard_text(const std::string& site, TimePoint asked_at, std::string_view body) {
    boost::system::error_code bad;
    const json::value answer = json::parse(body, bad);
    if (!bad) heard(site, asked_at, answer);
}

void SiteClocks::heard(const std::string& site, TimePoint asked_at, const json::value& answer) {
    const ClockReading ours = io::read_clocks();
    auto theirs = parse(answer);
    if (!theirs || ours.monotonic < asked_at) return;
    heard(
        site,
        {.asked_at = asked_at, .answered_at = ours.monotonic, .wall_ms = ours.wall_ms, .theirs = std::move(*theirs)}
    );
}

void SiteClocks::heard(const std::string& site, const core::ClockSample& sample) {
    const auto [entry, added] =
        sites_.try_emplace(site, Site{.comparison = core::ClockComparison({.drift_ppm_max = terms_.drift_ppm_max})});
    Site& known = entry->second;
    if (known.comparison.hear(sample) == core::ClockComparison::Continuity::began_anew) {
        io::log(io::Level::warning, "clock.jumped", {{"site", site}, {"clock", sample.theirs.id}});
        known.told = core::ClockVerdict::unknown;
    }
    tell(site, known);
}

void SiteClocks::tell(const std::string& name, Site& site) const {
    // Unknown is no news: a drift that was told stands until it is known to be over.
    const core::ClockVerdict verdict = site.comparison.verdict();
    if (verdict != core::ClockVerdict::unknown && verdict != site.told) {
        const bool beyond = verdict == core::ClockVerdict::beyond;
        io::log(
            beyond ? io::Level::error : io::Level::info,
            beyond ? "clock.beyond" : "clock.within",
            {{"site", name},
             {"rate_ppm_lower", fmt::format("{:.0f}", site.comparison.rate()->lower_ppm)},
             {"rate_ppm_upper", fmt::format("{:.0f}", site.comparison.rate()->upper_ppm)},
             {"allowed_ppm", std::to_string(terms_.drift_ppm_max)},
             {"deadlines_allow_ppm", std::to_string(terms().drift_ppm_max)}}
        );
        site.told = verdict;
    }
    const auto& wall = site.comparison.wall_offset();
    const bool apart = wall && wall->least_ms() > wall_offset_ms_max;
    if (apart && !site.wall_told) {
        io::log(
            io::Level::warning,
            "clock.wall-apart",
            {{"site", name}, {"seconds", fmt::format("{:.1f}", wall_offset_s(*wall))}}
        );
    }
    site.wall_told = apart;
}

double SiteClocks::drift_ppm() const {
    double most = 0;
    for (const auto& [name, site] : sites_) most = std::max(most, site.comparison.drift_ppm());
    return most;
}

json::object SiteClocks::status() const {
    json::object all;
    for (const auto& [name, site] : sites_) {
        json::object entry{{"verdict", core::name(site.comparison.verdict())}, {"jumps", site.comparison.jumps()}};
        if (const auto& rate = site.comparison.rate())
            entry["rate_ppm"] = json::object{{"lower", rate->lower_ppm}, {"upper", rate->upper_ppm}};
        if (const auto& wall = site.comparison.wall_offset()) {
            entry["wall_offset_ms"] = json::object{{"lower", wall->lower_ms}, {"upper", wall->upper_ms}};
            entry["wall_apart"] = wall->least_ms() > wall_offset_ms_max;
        }
        all[name] = std::move(entry);
    }
    return all;
}

std::string SiteClocks::metrics() const {
    std::string lower;
    std::string upper;
    std::string wall;
    for (const auto& [name, site] : sites_) {
        if (const auto& rate = site.comparison.rate()) {
            lower += fmt::format("cloudshelf_clock_rate_ppm_lower{{site=\"{}\"}} {:.3f}\n", name, rate->lower_ppm);
            upper += fmt::format("cloudshelf_clock_rate_ppm_upper{{site=\"{}\"}} {:.3f}\n", name, rate->upper_ppm);
        }
        if (const auto& offset = site.comparison.wall_offset()) {
            wall += fmt::format(
                "cloudshelf_clock_wall_offset_seconds{{site=\"{}\"}} {:.4f}\n", name, wall_offset_s(*offset)
            );
        }
    }
    const auto gauge = [](const char* name, const char* help, const std::string& lines) {
        return fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{2}", name, help, lines);
    };
    return gauge("cloudshelf_clock_rate_ppm_lower", "How much faster that site's clock runs, at least.", lower) +
           gauge("cloudshelf_clock_rate_ppm_upper", "How much faster that site's clock runs, at most.", upper) +
           gauge("cloudshelf_clock_wall_offset_seconds", "How far ahead that site's wall clock is.", wall) +
           gauge(
               "cloudshelf_lease_drift_ppm",
               "The drift that deadlines allow for: the plan's, or what was measured.",
               fmt::format("cloudshelf_lease_drift_ppm {}\n", terms().drift_ppm_max)
           );
}

}  // namespace cloudshelf::clocks
