#pragma once

#include "base/result.hpp"
#include "core/ledger.hpp"
#include "core/plan.hpp"
#include "workload/audit.hpp"
#include "workload/ledger.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::workload {

/// A step of a move, as the controller recorded it.
struct StepTimes {
    std::string name;
    std::string state;
    TimePoint started{};
    TimePoint ended{};
};
struct MoveRecord {
    std::string id;
    std::string state;
    TimePoint started{};
    TimePoint ended{};
    std::vector<StepTimes> steps;

    const StepTimes* step(std::string_view name) const;
};

/// All that a report rests on; nothing in it is computed yet.
struct Evidence {
    const core::Plan* plan = nullptr;
    std::string region;      // the one that was lost
    TimePoint fault{};       // when it began
    TimePoint fault_over{};  // when nothing of the region was left: what is answered from then on is a recovery
    std::string utc;
    Ledger ledger;
    std::vector<std::pair<Acknowledged, Found>> bad;  // acknowledged writes that are not there as they should be
    MoveRecord failover;
    std::optional<MoveRecord> failback;
    std::vector<core::WriterInterval> intervals;
    std::uint64_t stranded_writes = 0;
};

struct Report {
    std::string application;
    std::string plan_digest;
    std::string region;
    std::string utc;
    TimePoint fault{};
    std::vector<core::ServiceOutcome> services;
    std::vector<std::string> not_covered;
    std::vector<std::pair<std::string, double>> phases_ms;  // in order, each counted from the fault
    std::optional<double> failback_pause_ms;                // until the new writer accepts writes
    std::uint64_t failback_lost_writes = 0;
    double writer_overlap_ms = 0;
    double acknowledgement_overlap_ms = 0;  // the second witness: as customers saw it
    std::uint64_t unknown_outcomes = 0;
    std::vector<Acknowledged> lost;  // acknowledged, and missing: one by one
    std::uint64_t stranded_writes = 0;
    double outage_s = 0;                             // of the slowest covered service
    std::map<std::string, core::Cents> outage_cost;  // by the plan's rates
    std::uint64_t attempts = 0;
    std::uint64_t failed_attempts = 0;
    std::vector<std::string> reasons;  // against; empty: passed

    bool passed() const { return reasons.empty(); }
};

Report make_report(const Evidence& evidence);
/// docs/reference/report.md describes it; stable.
std::string to_json(const Report& report);
std::string to_markdown(const Report& report);

/// The `GET /v1/executions/<id>` answer. Errors: "report.unreadable".
Result<MoveRecord> parse_move(const std::string& json);
/// Lines of an agent's writer-intervals.jsonl; what is still open lasts until `now`.
std::vector<core::WriterInterval> parse_intervals(const std::string& lines, TimePoint now);

}  // namespace cloudshelf::workload
