#include "core/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cloudshelf::core {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 3> profiles{"lan", "wan", "route53"};

Timing lan() {
    return {
        .lease = 600ms,
        .beat = 100ms,
        .drift_ppm = 200,
        .fencer_margin = 80ms,
        .probe_interval = 100ms,
        .probe_timeout = 300ms,
        .failure_threshold = 3,
        .probe_pacing = ProbePacing::fixed,
        .hold_down = 600ms,
        .dns_ttl = 1s,
    };
}

Timing wan() {
    return {
        .lease = 6s,
        .beat = 1s,
        .drift_ppm = 200,
        .fencer_margin = 500ms,
        .probe_interval = 1s,
        .probe_timeout = 2s,
        .failure_threshold = 3,
        .probe_pacing = ProbePacing::fixed,
        .hold_down = 30s,
        .dns_ttl = 5s,
    };
}

// Route 53 sends the next request an interval after the answer to the one before, and gives a connection 4 s.
Timing route53() {
    return {
        .lease = 30s,
        .beat = 5s,
        .drift_ppm = 200,
        .fencer_margin = 2s,
        .probe_interval = 30s,
        .probe_timeout = 4s,
        .failure_threshold = 3,
        .probe_pacing = ProbePacing::after_answer,
        .hold_down = 60s,
        .dns_ttl = 60s,
    };
}

/// d·ρ, rounded up: the error then is on the safe side.
Duration drift(const Timing& timing) {
    const auto whole = timing.lease / 1'000'000 * timing.drift_ppm;
    const auto rest = timing.lease % Duration(1'000'000) * timing.drift_ppm;
    return whole + Duration((rest.count() + 999'999) / 1'000'000);
}

}  // namespace

std::optional<Timing> built_in_timing(std::string_view profile) {
    if (profile == "lan") return lan();
    if (profile == "wan") return wan();
    if (profile == "route53") return route53();
    return std::nullopt;
}

std::span<const std::string_view> built_in_profiles() {
    return profiles;
}

Duration holder_counts(const Timing& timing) {
    return timing.lease - drift(timing);
}
Duration taker_waits(const Timing& timing) {
    return timing.lease + drift(timing);
}

Duration detection_worst_case(const Timing& timing) {
    if (timing.probe_pacing == ProbePacing::fixed)
        return timing.failure_threshold * timing.probe_interval + timing.probe_timeout;
    return timing.failure_threshold * (timing.probe_interval + timing.probe_timeout);
}

Duration lease_worst_case(const Timing& timing) {
    return timing.beat + taker_waits(timing);
}

std::vector<TimingProblem> check(const Timing& timing) {
    std::vector<TimingProblem> problems;
    const auto require = [&](bool holds, std::string_view field, std::string found, std::string expected) {
        if (!holds) problems.push_back({std::string(field), std::move(found), std::move(expected)});
    };
    const auto positive = [&](std::string_view field, Duration value) {
        require(value > 0ms, field, format_duration(value), "more than 0");
        return value > 0ms;
    };
    bool sound = positive("lease", timing.lease);
    sound &= positive("beat", timing.beat);
    sound &= positive("fencer-margin", timing.fencer_margin);
    sound &= positive("probe-interval", timing.probe_interval);
    sound &= positive("probe-timeout", timing.probe_timeout);
    sound &= positive("dns-ttl", timing.dns_ttl);
    if (timing.failure_threshold < 1 || timing.failure_threshold > 10) {
        require(false, "failure-threshold", fmt::format("{}", timing.failure_threshold), "1 to 10");
        sound = false;
    }
    if (timing.drift_ppm < 1 || timing.drift_ppm > 100'000) {
        require(false, "drift-ppm", fmt::format("{}", timing.drift_ppm), "1 to 100000 (crystals drift by up to 100)");
        sound = false;
    }
    if (!sound) return problems;  // The relations below would only repeat it.

    require(
        3 * timing.beat <= timing.lease,
        "beat",
        format_duration(timing.beat),
        fmt::format(
            "at most a third of the lease ({}), so that two renewals may be lost", format_duration(timing.lease / 3)
        )
    );
    require(
        2 * timing.fencer_margin < timing.lease,
        "fencer-margin",
        format_duration(timing.fencer_margin),
        fmt::format("less than half the lease ({})", format_duration(timing.lease / 2))
    );
    require(
        timing.beat + timing.fencer_margin < holder_counts(timing),
        "fencer-margin",
        format_duration(timing.fencer_margin),
        fmt::format(
            "less than lease·(1−ρ) − beat ({}): otherwise a healthy writer is fenced between two renewals",
            format_duration(holder_counts(timing) - timing.beat)
        )
    );
    // Rule 2 of "never two writers". True for any positive drift; stands here so that nobody can change one side alone.
    require(
        taker_waits(timing) > holder_counts(timing),
        "drift-ppm",
        fmt::format("{}", timing.drift_ppm),
        "a drift that makes lease·(1+ρ) longer than lease·(1−ρ)"
    );
    require(
        timing.probe_timeout <= timing.failure_threshold * timing.probe_interval,
        "probe-timeout",
        format_duration(timing.probe_timeout),
        fmt::format(
            "at most threshold × probe-interval ({})", format_duration(timing.failure_threshold * timing.probe_interval)
        )
    );
    require(
        timing.hold_down >= timing.lease,
        "hold-down",
        format_duration(timing.hold_down),
        fmt::format(
            "at least the lease ({}), so that a move is not answered by its opposite", format_duration(timing.lease)
        )
    );
    require(
        timing.dns_ttl % Duration(1s) == Duration::zero(),
        "dns-ttl",
        format_duration(timing.dns_ttl),
        "whole seconds (DNS knows no others)"
    );
    return problems;
}

WorstCase worst_case(const Timing& timing, std::span<const PathStep> path) {
    const auto detection = detection_worst_case(timing);
    const auto lease = lease_worst_case(timing);
    const std::string probes = timing.probe_pacing == ProbePacing::fixed ? fmt::format(
                                                                               "{} × {} + {} time-out",
                                                                               timing.failure_threshold,
                                                                               format_duration(timing.probe_interval),
                                                                               format_duration(timing.probe_timeout)
                                                                           )
                                                                         : fmt::format(
                                                                               "{} × ({} + {} time-out)",
                                                                               timing.failure_threshold,
                                                                               format_duration(timing.probe_interval),
                                                                               format_duration(timing.probe_timeout)
                                                                           );
    WorstCase worst;
    worst.terms.push_back({"detection", probes, detection, detection >= lease});
    worst.terms.push_back(
        {"lease runs out",
         fmt::format(
             "{} beat + {} × (1 + {} ppm)",
             format_duration(timing.beat),
             format_duration(timing.lease),
             timing.drift_ppm
         ),
         lease,
         detection < lease}
    );
    for (const PathStep& step : path) worst.terms.push_back({step.name, "the step's limit", step.limit});
    worst.terms.push_back({"names' TTL", "a resolver may have asked just before", timing.dns_ttl});
    for (const Term& term : worst.terms)
        if (term.counts) worst.total += term.duration;
    return worst;
}

std::string format_duration(Duration duration) {
    using std::chrono::duration_cast;
    if (duration < Duration::zero()) return "-" + format_duration(-duration);
    const auto micros = duration_cast<std::chrono::microseconds>(duration).count();
    if (micros % 1'000'000 != 0 || micros == 0) {
        if (micros < 1'000'000) return fmt::format("{:g} ms", static_cast<double>(micros) / 1e3);
        if (micros < 60'000'000) return fmt::format("{:.6g} s", static_cast<double>(micros) / 1e6);
    }
    auto millis = micros / 1000;
    std::string text;
    const auto part = [&](std::int64_t unit, std::string_view name) {
        if (millis < unit) return;
        fmt::format_to(std::back_inserter(text), "{}{} {}", text.empty() ? "" : " ", millis / unit, name);
        millis %= unit;
    };
    if (millis >= 2 * 86'400'000) part(86'400'000, "d");  // "24 h", as people say it
    part(3'600'000, "h");
    part(60'000, "min");
    if (millis > 0)
        fmt::format_to(
            std::back_inserter(text), "{}{:g} s", text.empty() ? "" : " ", static_cast<double>(millis) / 1e3
        );
    return text;
}

}  // namespace cloudshelf::core
