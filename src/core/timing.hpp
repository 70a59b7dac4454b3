#pragma once

#include "base/time.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::core {

/// When the next probe leaves: at a fixed rhythm whatever happened to the one before, or an interval after its outcome.
enum class ProbePacing { fixed, after_answer };

/// Every time-out that others depend on. One place, so that how they relate can be checked: see check().
struct Timing {
    Duration lease{};          // d: how long one renewal lets the writer write
    Duration beat{};           // between two renewals
    int drift_ppm = 200;       // ρ: how much faster or slower than ours another site's clock may run
    Duration fencer_margin{};  // how long before the deadline the fencer begins to kill
    Duration probe_interval{};
    Duration probe_timeout{};
    int failure_threshold = 3;  // failed probes in a row until a vantage says "down"
    ProbePacing probe_pacing = ProbePacing::fixed;
    Duration hold_down{};  // after a move, until the next automatic one
    Duration dns_ttl{};    // of the public names

    friend bool operator==(const Timing&, const Timing&) = default;
};

/// The built-in profiles: "lan", "wan" and "route53" (the classic 30 s × 3).
std::optional<Timing> built_in_timing(std::string_view profile);
/// Names of the built-in profiles.
std::span<const std::string_view> built_in_profiles();

/// How long the holder counts on one renewal, from its sending: d·(1−ρ).
Duration holder_counts(const Timing& timing);
/// How long a taker waits, from its first sight of a revision: d·(1+ρ).
Duration taker_waits(const Timing& timing);
/// From the fault to the verdict of the slowest vantage.
Duration detection_worst_case(const Timing& timing);
/// From the fault to the moment a taker may take the lease: the last renewal may have been stored just before the
/// fault, and the taker may have seen it a beat later.
Duration lease_worst_case(const Timing& timing);

/// A relation that does not hold.
struct TimingProblem {
    std::string field;     // "fencer-margin": the one to change
    std::string found;     // "400 ms"
    std::string expected;  // "less than half the lease (300 ms)"
};
/// All relations between the time-outs that do not hold; empty when the profile is sound.
std::vector<TimingProblem> check(const Timing& timing);

/// A step on the critical path and how long it may take, its retries included.
struct PathStep {
    std::string name;
    Duration limit{};
};

/// One line of the worst case.
struct Term {
    std::string name;     // "detection"
    std::string formula;  // "3 × 100 ms + 300 ms"
    Duration duration{};
    bool counts = true;  // false: passes at the same time as a longer one
};
/// What an outage may take at worst, as terms that sum up to it.
struct WorstCase {
    std::vector<Term> terms;
    Duration total{};
};
/// Detection and lease run at the same time; then the steps, one after the other; then the names' TTL.
WorstCase worst_case(const Timing& timing, std::span<const PathStep> path);

/// "600 ms", "15 min", "1 h 30 min".
std::string format_duration(Duration duration);

}  // namespace cloudshelf::core
