#include "cli/peer_runs.hpp"

#include "base/statistics.hpp"
#include "cli/figures.hpp"
#include "io/file.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cmath>

namespace cloudshelf::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

/// Of writing before the loss. The losses are spread evenly over Patroni's loop, at whose beginning the lock is
/// renewed: multiples of the golden ratio leave no part of it out, however many runs there are.
Duration before(int run, const PatroniTiming& timing) {
    const double share = std::fmod(run * 0.6180339887, 1.0);
    return 5s + std::chrono::milliseconds(std::lround(share * 1000.0 * timing.loop_wait));
}

json::object summary_json(const std::vector<double>& values) {
    const Summary of = summarize(values);
    return {
        {"n", of.n},
        {"min", of.min},
        {"median", of.median},
        {"p95", of.p95},
        {"max", of.max},
        {"values", json::value_from(values)},
    };
}

}  // namespace

Exit bench_patroni(const Common& common, const PatroniBench& bench) {
    const auto versions = find_patroni();
    if (!versions) return report(versions.error(), common);
    const PatroniTiming timing = bench.profile == "fastest" ? patroni_fastest : patroni_defaults;
    const auto say = progress(common);
    std::map<std::string, std::vector<double>> figures;
    std::uint64_t acknowledged = 0;
    std::uint64_t lost = 0;
    int bad_runs = 0;
    int run = 0;
    while (run < bench.runs && bench.go_on()) {
        ++run;
        const auto trial = run_patroni_trial({
            .directory = common.data / fmt::format("run-{}", run),
            .cloudshelf = program_folder() / "cloudshelf",
            .network_base = common.network_base,
            .timing = timing,
            .before = before(run, timing),
            .go_on = bench.go_on,
        });
        if (!trial) {
            if (trial.error().code == "trial.interrupted") return interrupted;
            if (!trial.error().code.starts_with("trial.")) return report(trial.error(), common);
            ++bad_runs;
            say(fmt::format("run {} of {}: {}", run, bench.runs, trial.error().message));
            continue;
        }
        const double seconds = std::chrono::duration<double>(trial->recovery).count();
        figures["kill to first acknowledged write (s)"].push_back(seconds);
        figures["acknowledged writes lost"].push_back(static_cast<double>(trial->lost));
        figures["writes per second before the kill"].push_back(trial->writes_per_second);
        acknowledged += trial->acknowledged;
        lost += trial->lost;
        say(fmt::format("run {} of {}: {:.2f} s, {} lost", run, bench.runs, seconds, trial->lost));
    }
    std::string table = fmt::format(
        "Patroni {}, etcd {}, {} (ttl {}, loop_wait {}, retry_timeout {}), asynchronous replication.\n\n",
        versions->patroni,
        versions->etcd,
        bench.profile,
        timing.ttl,
        timing.loop_wait,
        timing.retry_timeout
    );
    table += figures_table(figures);
    table +=
        fmt::format("\nRuns: {}, failed: {}. Lost acknowledged writes: {} of {}.\n", run, bad_runs, lost, acknowledged);
    json::object document{
        {"peer", "patroni"},
        {"versions", {{"patroni", versions->patroni}, {"etcd", versions->etcd}}},
        {"profile", bench.profile},
        {"timing_s", {{"ttl", timing.ttl}, {"loop_wait", timing.loop_wait}, {"retry_timeout", timing.retry_timeout}}},
        {"runs", run},
        {"failed", bad_runs},
        {"acknowledged", acknowledged},
        {"lost", lost},
    };
    for (const auto& [name, values] : figures) document["figures"].emplace_object()[name] = summary_json(values);
    const std::string text = json::serialize(document) + "\n";
    std::error_code ignored;
    fs::create_directories(bench.out, ignored);
    const fs::path base = bench.out / ("summary-patroni-" + bench.profile);
    for (const auto& [suffix, content] : {std::pair{".md", table}, {".json", text}}) {
        if (const auto kept = io::replace_file(base.string() + suffix, content); !kept) say(kept.error().message);
    }
    fmt::print("{}", common.json ? text : table);
    return !bench.go_on() ? interrupted : bad_runs == 0 ? ok : not_met;
}

}  // namespace cloudshelf::cli
