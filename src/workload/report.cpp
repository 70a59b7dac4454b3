#include "workload/report.hpp"

#include "core/costs.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace cloudshelf::workload {
namespace {

namespace json = boost::json;

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}
double milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

TimePoint at_ns(const json::value& value) {
    return value.is_null() ? TimePoint{} : TimePoint(Duration(json::value_to<std::int64_t>(value)));
}

std::string money_table(const std::map<std::string, core::Cents>& costs) {
    std::string out;
    for (const auto& [when, money] : costs)
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", when, core::format_money(money));
    return out;
}

}  // namespace

const StepTimes* MoveRecord::step(std::string_view name) const {
    const auto found = std::ranges::find(steps, name, &StepTimes::name);
    return found == steps.end() || found->ended == TimePoint{} ? nullptr : &*found;
}

Result<MoveRecord> parse_move(const std::string& text) {
    try {
        const json::value value = json::parse(text);
        MoveRecord move{
            .id = json::value_to<std::string>(value.at("id")),
            .state = json::value_to<std::string>(value.at("state")),
            .started = at_ns(value.at("started_ns")),
            .ended = at_ns(value.at("ended_ns")),
        };
        for (const auto& step : value.at("steps").as_array()) {
            move.steps.push_back(
                {json::value_to<std::string>(step.at("name")),
                 json::value_to<std::string>(step.at("state")),
                 at_ns(step.at("started_ns")),
                 at_ns(step.at("ended_ns"))}
            );
        }
        return move;
    } catch (const std::exception& problem) {
        return fail("report.unreadable", fmt::format("an execution's record: {}", problem.what()));
    }
}

std::vector<core::WriterInterval> parse_intervals(const std::string& lines, TimePoint now) {
    std::vector<core::WriterInterval> intervals;
    std::istringstream all(lines);
    for (std::string line; std::getline(all, line);) {
        boost::system::error_code bad;
        const json::value value = json::parse(line, bad);
        if (bad || !value.is_object()) continue;
        const RegionName region(json::value_to<std::string>(value.at("region")));
        const Epoch epoch(json::value_to<std::uint64_t>(value.at("epoch")));
        if (const auto* from = value.as_object().if_contains("from_ns")) {
            // The same epoch goes on after its agent was started again: one interval.
            intervals.push_back({.region = region, .epoch = epoch, .from = at_ns(*from), .until = TimePoint::max()});
        } else if (const auto* until = value.as_object().if_contains("until_ns"); until && !intervals.empty()) {
            intervals.back().until = std::min(intervals.back().until, at_ns(*until));
        }
    }
    for (auto& interval : intervals) interval.until = std::min(interval.until, now);
    return intervals;
}

Report make_report(const Evidence& evidence) {
    const core::Plan& plan = *evidence.plan;
    Report report{
        .application = plan.application.name,
        .plan_digest = plan.digest,
        .region = evidence.region,
        .utc = evidence.utc,
        .fault = evidence.fault
    };
    const TimePoint failback_began = evidence.failback ? evidence.failback->started : TimePoint::max();
    // Only what began when nothing of the region was left shows a recovery; RTA still counts from the fault's
    // beginning.
    const auto seen = evidence_of(
        evidence.ledger, evidence.bad, {.fault = evidence.fault_over, .until = failback_began, .soak = plan.safety.soak}
    );
    core::Proof proof;
    for (const auto& service : plan.services) {
        if (!service.covered()) {
            report.not_covered.push_back(service.name.value());
            continue;
        }
        const core::Objective objective{
            .service = service.name,
            .rto = service.rto,
            .rpo = service.rpo,
            .lossless = service.commit == core::CommitMode::synchronous,
        };
        const auto found = seen.find(service.name.value());
        report.services.push_back(
            core::outcome(objective, evidence.fault, found == seen.end() ? core::ServiceEvidence{} : found->second)
        );
        const auto& last = report.services.back();
        if (last.rta) report.outage_s = std::max(report.outage_s, seconds(*last.rta));
    }
    const auto phase = [&](const char* name, std::optional<TimePoint> at) {
        if (at) report.phases_ms.emplace_back(name, milliseconds(*at - evidence.fault));
    };
    const auto ended = [&](const char* step) -> std::optional<TimePoint> {
        const auto* found = evidence.failover.step(step);
        return found ? std::optional(found->ended) : std::nullopt;
    };
    phase("detected", evidence.failover.started);
    phase("fence_passed", ended("fence-old-writer"));
    phase("promoted", ended("promote-database"));
    phase("functions_pointed", ended("point-functions"));
    phase("smoke_tests", ended("smoke-tests"));
    phase("traffic", ended("switch-traffic"));
    phase("verified", ended("verify-outside"));
    if (evidence.failback) {
        const auto* paused = evidence.failback->step("pause-writes");
        const auto* opened = evidence.failback->step("promote-database");
        if (paused && opened) report.failback_pause_ms = milliseconds(opened->ended - paused->started);
        for (const auto& [write, found] : evidence.bad)
            report.failback_lost_writes += found == Found::missing && write.acked >= failback_began ? 1 : 0;
    }
    proof.services = report.services;
    proof.overlap = core::writer_overlap(evidence.intervals);
    proof.acknowledged_overlap = core::acknowledgement_overlap(writes_seen(evidence.ledger));
    proof.lost_in_failback = report.failback_lost_writes;
    for (const auto& [write, found] : evidence.bad) {
        proof.twice += found == Found::twice ? 1 : 0;
        proof.wrong += found == Found::wrong ? 1 : 0;
        proof.unread += found == Found::unread ? 1 : 0;
        if (found == Found::missing) report.lost.push_back(write);
    }
    report.writer_overlap_ms = milliseconds(proof.overlap);
    report.acknowledgement_overlap_ms = milliseconds(proof.acknowledged_overlap);
    report.unknown_outcomes = evidence.ledger.unknown.size();
    report.stranded_writes = evidence.stranded_writes;
    for (const auto& attempt : evidence.ledger.attempts) {
        if (attempt.service == "audit") continue;
        ++report.attempts;
        report.failed_attempts += attempt.ok ? 0 : 1;
    }
    const auto cost = [&](core::Cents per_hour) {
        return core::Cents(
            static_cast<std::int64_t>(static_cast<double>(per_hour.value()) * report.outage_s / 3600 + 0.5)
        );
    };
    report.outage_cost = {
        {"peak", cost(plan.revenue.peak)},
        {"off-peak", cost(plan.revenue.off_peak)},
        {"weekend", cost(plan.revenue.weekend)},
        {"holiday", cost(plan.revenue.holiday)}
    };
    report.reasons = core::reasons_against(proof);
    if (evidence.failover.state != "succeeded")
        report.reasons.push_back("the failover ended as " + evidence.failover.state);
    if (evidence.failback && evidence.failback->state != "succeeded")
        report.reasons.push_back("the failback ended as " + evidence.failback->state);
    return report;
}

std::string to_json(const Report& report) {
    json::array services;
    for (const auto& service : report.services) {
        services.push_back({
            {"name", service.service.value()},
            {"rto_objective_s", seconds(service.rto_objective)},
            {"rta_s", service.rta ? json::value(seconds(*service.rta)) : json::value()},
            {"rpo_objective_s", seconds(service.rpo_objective)},
            {"rpa_s", seconds(service.rpa)},
            {"acknowledged_writes", service.acknowledged_writes},
            {"lost_writes", service.lost_writes},
            {"met", service.met},
            {"green_after_s", service.green_after ? json::value(seconds(*service.green_after)) : json::value()},
        });
    }
    json::array lost;
    for (const auto& write : report.lost) {
        lost.push_back(
            {{"service", write.service},
             {"kind", write.kind},
             {"id", write.id},
             {"acked_after_fault_s", seconds(write.acked - report.fault)},
             {"epoch", write.epoch}}
        );
    }
    json::object phases;
    for (const auto& [name, at] : report.phases_ms) phases[name] = at;
    json::object costs;
    for (const auto& [when, money] : report.outage_cost) costs[when] = static_cast<double>(money.value()) / 100;
    json::object document{
        {"format", 1},
        {"application", report.application},
        {"plan_digest", report.plan_digest},
        {"utc", report.utc},
        {"lost_region", report.region},
        {"services", std::move(services)},
        {"not_covered", json::value_from(report.not_covered)},
        {"phases_ms", std::move(phases)},
        {"writer_overlap_ms", report.writer_overlap_ms},
        {"acknowledgement_overlap_ms", report.acknowledgement_overlap_ms},
        {"stranded_writes", report.stranded_writes},
        {"unknown_outcomes", report.unknown_outcomes},
        {"lost", std::move(lost)},
        {"attempts", report.attempts},
        {"failed_attempts", report.failed_attempts},
        {"outage_s", report.outage_s},
        {"outage_cost_usd", std::move(costs)},
        {"verdict", report.passed() ? "passed" : "failed"},
        {"reasons", json::value_from(report.reasons)},
    };
    if (report.failback_pause_ms) {
        document["failback"] =
            json::object{{"pause_ms", *report.failback_pause_ms}, {"lost_writes", report.failback_lost_writes}};
    }
    return json::serialize(document);
}

std::string to_markdown(const Report& report) {
    std::string out = fmt::format(
        "# {}: {} was lost\n\n{}, plan {}\n\n**{}**\n\n",
        report.application,
        report.region,
        report.utc,
        report.plan_digest.substr(0, 12),
        report.passed() ? "Passed: every objective was met, nothing promised was lost, one writer at all times."
                        : "Failed."
    );
    for (const auto& reason : report.reasons) out += fmt::format("- {}\n", reason);
    if (!report.reasons.empty()) out += "\n";
    out += "| service | RTA | objective | RPA | objective | acknowledged writes | lost | met |\n";
    out += "| --- | --: | --: | --: | --: | --: | --: | --- |\n";
    for (const auto& service : report.services) {
        out += fmt::format(
            "| {} | {} | {:.0f} s | {:.3f} s | {:.0f} s | {} | {} | {} |\n",
            service.service.value(),
            service.rta ? fmt::format("{:.3f} s", seconds(*service.rta)) : "never",
            seconds(service.rto_objective),
            seconds(service.rpa),
            seconds(service.rpo_objective),
            service.acknowledged_writes,
            service.lost_writes,
            service.met ? "yes" : "no"
        );
    }
    out += "\nNot covered yet: ";
    for (std::size_t i = 0; i < report.not_covered.size(); ++i) out += (i == 0 ? "" : ", ") + report.not_covered[i];
    out += ".\n\n| phase | ms after the fault |\n| --- | --: |\n";
    for (const auto& [name, at] : report.phases_ms) out += fmt::format("| {} | {:.0f} |\n", name, at);
    out += fmt::format(
        "\nWriters at once: {:.3f} ms. Stranded writes (committed in the lost region, never replicated): {}.\n",
        report.writer_overlap_ms,
        report.stranded_writes
    );
    if (report.failback_pause_ms) {
        out += fmt::format(
            "Failback: writes paused {:.0f} ms, {} lost.\n", *report.failback_pause_ms, report.failback_lost_writes
        );
    }
    if (report.unknown_outcomes > 0)
        out += fmt::format("Writes whose outcome customers never learnt: {}.\n", report.unknown_outcomes);
    out += fmt::format("Customers' attempts: {}, of which {} failed.\n", report.attempts, report.failed_attempts);
    out += fmt::format("An outage of {:.2f} s costs: {}.\n", report.outage_s, money_table(report.outage_cost));
    return out;
}

}  // namespace cloudshelf::workload
