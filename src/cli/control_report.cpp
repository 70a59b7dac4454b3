#include "cli/control_report.hpp"

#include "cli/figures.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <unistd.h>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

constexpr double cores_max = 1;
constexpr double mib_max = 1024;

double seconds_of(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

/// Of all processors together, since the machine started.
Duration machine_busy() {
    std::istringstream fields(io::read_file("/proc/stat").value_or(""));
    std::string name;
    std::int64_t user = 0;
    std::int64_t nice = 0;
    std::int64_t system = 0;
    fields >> name >> user >> nice >> system;
    return (user + nice + system) * Duration(std::chrono::seconds(1)) / ::sysconf(_SC_CLK_TCK);
}

using Metrics = std::map<std::string, double>;

double at(const Metrics& metrics, const std::string& name) {
    const auto found = metrics.find(name);
    return found == metrics.end() ? 0 : found->second;
}

double sum(const Metrics& metrics, std::string_view prefix) {
    double all = 0;
    for (const auto& [name, value] : metrics) all += name.starts_with(prefix) ? value : 0;
    return all;
}

}  // namespace

CallFigures CallFigures::of(const Durations& calls, double seconds) {
    return {
        .per_second = static_cast<double>(calls.count()) / seconds,
        .p50_ms = calls.quantile_ms(0.5),
        .p95_ms = calls.quantile_ms(0.95),
        .p99_ms = calls.quantile_ms(0.99),
        .max_ms = calls.quantile_ms(1),
    };
}

// --- what processes use --------------------------------------------------------------------------------------------

Usage::Usage(const ControlGround& ground) : ground_(ground), began_(io::now()), busy_(machine_busy()) {
    for (int site = 0; site < farm_sites; ++site) {
        const auto& controller = ground.controller(site);
        if (!controller) continue;
        watched_.push_back({.name = "controller " + ground.site_name(site), .child = &*controller, .controller = site});
    }
    for (std::size_t i = 0; i < ground.members().size(); ++i) {
        const int site = static_cast<int>(i);
        watched_.push_back({.name = "etcd " + ground.site_name(site), .child = &ground.members()[i], .member = site});
    }
    for (const auto& [name, child] : ground.farmers()) watched_.push_back({.name = "farm: " + name, .child = &child});
    for (auto& one : watched_) {
        one.metrics = metrics_of(one);
        one.cpu = one.child->cpu_time();
    }
    began_ = io::now();
}

std::map<std::string, double> Usage::metrics_of(const Watched& one) const {
    Result<Metrics> found = Metrics{};
    if (one.controller >= 0) found = ground_.metrics(one.controller);
    if (one.member >= 0) found = ground_.member_metrics(one.member);
    return found.value_or(Metrics{});
}

void Usage::look() {
    for (auto& one : watched_) one.resident_max = std::max(one.resident_max, one.child->resident_bytes());
}

std::vector<ProcessFigures> Usage::end() {
    look();
    seconds_ = seconds_of(io::now() - began_);
    machine_cores_ = seconds_of(machine_busy() - busy_) / seconds_;
    std::vector<Duration> cpu;
    for (const auto& one : watched_) cpu.push_back(one.child->cpu_time() - one.cpu);
    std::vector<ProcessFigures> all;
    for (std::size_t i = 0; i < watched_.size(); ++i) {
        const auto& one = watched_[i];
        const Metrics now = metrics_of(one);
        const auto grown = [&](const std::string& name) { return at(now, name) - at(one.metrics, name); };
        const auto looks = [&](const char* what, const char* where) {
            return grown(fmt::format(
                "cloudshelf_look_lateness_seconds_{}{{at=\"{}\"{}}}",
                what,
                where,
                std::string_view(what) == "bucket" ? ",le=\"0.25\"" : ""
            ));
        };
        const double regions = looks("count", "regions");
        const double services = looks("count", "checks");
        const double in_time = looks("bucket", "regions") + looks("bucket", "checks");
        const double fsyncs = grown("etcd_disk_wal_fsync_duration_seconds_count");
        all.push_back({
            .name = one.name,
            .cores = seconds_of(cpu[i]) / seconds_,
            .resident_mib_max = static_cast<double>(one.resident_max) / (1 << 20),
            .region_looks_per_second = regions / seconds_,
            .service_looks_per_second = services / seconds_,
            .late_share = regions + services > 0 ? 1 - in_time / (regions + services) : 0,
            .calls_per_second =
                (sum(now, "grpc_server_handled_total{") - sum(one.metrics, "grpc_server_handled_total{")) / seconds_,
            .fsync_ms_mean = fsyncs > 0 ? grown("etcd_disk_wal_fsync_duration_seconds_sum") / fsyncs * 1000 : 0,
        });
    }
    return all;
}

// --- the report ----------------------------------------------------------------------------------------------------

void ControlReport::add_move(const std::string& suffix, const json::value& execution, TimePoint began) {
    const auto add = [&](const std::string& what, const json::value& at) {
        if (at.is_int64())
            figures["moves" + suffix + ": " + what + " (s after the loss)"].push_back(
                seconds_of(TimePoint(Duration(at.as_int64())) - began)
            );
    };
    add("1 execution begun", execution.at("started_ns"));
    for (const auto& step : execution.at("steps").as_array()) {
        if (step.at("name").as_string() == "fence-old-writer") add("2 lease taken", step.at("ended_ns"));
        if (step.at("name").as_string() == "promote-database") add("3 promoted", step.at("ended_ns"));
    }
    add("4 execution ended", execution.at("ended_ns"));
    if (execution.at("state").as_string() != "succeeded") ++false_moves;
}

bool ControlReport::met() const {
    const bool small = std::ranges::all_of(processes, [](const ProcessFigures& one) {
        return !one.name.starts_with("controller") || (one.cores <= cores_max && one.resident_mib_max <= mib_max);
    });
    return small && false_moves == 0 && controllers_ended == 0 && calls_failed == 0;
}

std::string ControlReport::to_text() const {
    std::string out = fmt::format(
        "| process, over {:.0f} s | cores | RSS max (MiB) | looks/s at regions | at services | begun > 250 ms late |\n"
        "| --- | --: | --: | --: | --: | --: |\n",
        seconds
    );
    for (const auto& one : processes) {
        const bool looks = one.name.starts_with("controller");
        out += fmt::format(
            "| {}{} | {:.2f} | {:.0f} | {} | {} | {} |\n",
            one.name,
            one.name == "controller " + leader ? " (leads)" : "",
            one.cores,
            one.resident_mib_max,
            looks ? fmt::format("{:.0f}", one.region_looks_per_second) : "",
            looks ? fmt::format("{:.0f}", one.service_looks_per_second) : "",
            looks ? fmt::format("{:.2f} %", one.late_share * 100) : ""
        );
    }
    out += fmt::format("\nThe whole machine, other work included: {:.2f} cores busy.\n\n", machine_busy_cores);
    out +=
        "| calls of agents through the controllers | per s | p50 (ms) | p95 | p99 | max |\n"
        "| --- | --: | --: | --: | --: | --: |\n";
    for (const auto& [name, of] : {std::pair{"lease renewed (compare-and-swap)", swaps}, {"lease read", reads}}) {
        out += fmt::format(
            "| {} | {:.0f} | {:.1f} | {:.1f} | {:.1f} | {:.0f} |\n",
            name,
            of.per_second,
            of.p50_ms,
            of.p95_ms,
            of.p99_ms,
            of.max_ms
        );
    }
    out += fmt::format("\nCalls failed: {}; refused: {}.\n\n", calls_failed, swaps_refused);
    out += "| member of etcd | calls/s | fsync mean (ms) |\n| --- | --: | --: |\n";
    for (const auto& one : processes) {
        if (one.name.starts_with("etcd"))
            out += fmt::format("| {} | {:.0f} | {:.2f} |\n", one.name, one.calls_per_second, one.fsync_ms_mean);
    }
    out += "\n" + figures_table(figures);
    out += fmt::format(
        "\nMoves that nothing called for, or that failed: {}; controllers that lost the lead: {}\n",
        false_moves,
        controllers_ended
    );
    return out;
}

json::object ControlReport::to_json() const {
    json::array all;
    for (const auto& one : processes) {
        all.push_back(
            {{"name", one.name},
             {"cores", one.cores},
             {"resident_mib_max", one.resident_mib_max},
             {"region_looks_per_second", one.region_looks_per_second},
             {"service_looks_per_second", one.service_looks_per_second},
             {"late_share", one.late_share},
             {"calls_per_second", one.calls_per_second},
             {"fsync_ms_mean", one.fsync_ms_mean}}
        );
    }
    const auto calls = [](const CallFigures& of) {
        return json::object{
            {"per_second", of.per_second},
            {"p50_ms", of.p50_ms},
            {"p95_ms", of.p95_ms},
            {"p99_ms", of.p99_ms},
            {"max_ms", of.max_ms}
        };
    };
    json::object moves;
    for (const auto& [name, values] : figures) moves[name] = json::value_from(values);
    return {
        {"seconds", seconds},
        {"leader", leader},
        {"machine_busy_cores", machine_busy_cores},
        {"processes", std::move(all)},
        {"swaps", calls(swaps)},
        {"reads", calls(reads)},
        {"calls_failed", calls_failed},
        {"swaps_refused", swaps_refused},
        {"false_moves", false_moves},
        {"controllers_ended", controllers_ended},
        {"figures", std::move(moves)},
        {"met", met()},
    };
}

}  // namespace cloudshelf::cli
