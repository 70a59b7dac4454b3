// demo, bench-failover, report: the main job, once with a live view, or many times with figures.
#include "cli/command.hpp"
#include "cli/figures.hpp"
#include "cli/peer_runs.hpp"
#include "cli/picture.hpp"
#include "cli/trial.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <thread>

namespace cloudshelf::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

std::atomic<bool> interrupted_by_person = false;

void heed_interrupts() {
    std::signal(SIGINT, [](int) { interrupted_by_person = true; });
    std::signal(SIGTERM, [](int) { interrupted_by_person = true; });
}

/// The two regions, the lag, the phase and the customers' success rate, redrawn in place on a terminal.
class LiveView {
public:
    LiveView(const twin::Layout& layout, fs::path ledger, bool on)
        : layout_(layout), ledger_(std::move(ledger)), on_(on) {}

    bool operator()(const std::string& phase) {
        if (interrupted_by_person) return false;
        if (!on_ || io::now() - drawn_ < 250ms) return true;
        drawn_ = io::now();
        clear();
        std::string text = fmt::format("\x1b[1m{}\x1b[0m\n", phase);
        if (const auto status = twin::controller_status(layout_)) text += picture(*status, true);
        boost::system::error_code bad;
        const auto figures = io::read_file(ledger_.string() + ".live.json");
        const json::value live = figures ? json::parse(*figures, bad) : json::value();
        if (!bad && live.is_object() && live.as_object().contains("success_1s")) {
            const double success = live.at("success_1s").to_number<double>();
            const int filled = static_cast<int>(success * 30);
            text += fmt::format(
                "  customers {:5.1f} % ok \x1b[{}m{}\x1b[0m{}  {} attempts/s  {} writes acknowledged\n",
                success * 100,
                success > 0.99  ? "32"
                : success > 0.5 ? "33"
                                : "31",
                std::string(static_cast<std::size_t>(filled), '#'),
                std::string(static_cast<std::size_t>(30 - filled), '.'),
                json::serialize(live.at("attempts_1s")),
                json::serialize(live.at("acknowledged_writes"))
            );
        }
        lines_ = static_cast<int>(std::ranges::count(text, '\n'));
        fmt::print("{}", text);
        std::fflush(stdout);
        return true;
    }
    void clear() {
        if (lines_ > 0) fmt::print("\x1b[{}A\x1b[J", lines_);
        lines_ = 0;
        std::fflush(stdout);
    }

private:
    const twin::Layout& layout_;
    fs::path ledger_;
    bool on_;
    TimePoint drawn_{};
    int lines_ = 0;
};

/// Stops the twin at the end of its scope, however that is reached.
struct TwinDown {
    const twin::Layout& layout;
    bool keep = false;
    ~TwinDown() {
        if (!keep) twin::down(layout, [](const std::string&) {});
    }
};

/// A fresh twin in the folder, up. The old one's data is removed: a demonstration begins at the beginning.
std::expected<twin::Layout, Exit> fresh_twin(const Common& common, const twin::Progress& say) {
    auto layout = lay_out(common);
    if (!layout) return layout;
    if (twin::is_up(*layout)) {
        return std::unexpected(report(
            {.code = "twin.already-up",
             .message = fmt::format(
                 "a twin is up in {}; `cloudshelf down --data {}` stops it", common.data.string(), common.data.string()
             )},
            common
        ));
    }
    std::error_code ignored;
    fs::remove_all(layout->directory, ignored);
    fs::remove(common.data, ignored);
    layout = lay_out(common);
    if (!layout) return layout;
    if (const auto up = twin::up(*layout, {.programs = program_folder(), .plan = common.plan}, say); !up) {
        const Exit status = report(up.error(), common);
        auto moved = lay_out(common);
        if (moved && up.error().code != "twin.port-taken") twin::down(*moved, say);
        return std::unexpected(status);
    }
    return lay_out(common);
}

Exit run_demo(Common common, TrialOptions options, const fs::path& out, bool keep) {
    heed_interrupts();
    auto plain = progress(common);
    const auto layout = fresh_twin(common, plain);
    if (!layout) return layout.error();
    TwinDown down{*layout, keep};
    std::error_code ignored;
    fs::create_directories(out, ignored);
    options.programs = program_folder();
    options.plan = common.plan;
    options.ledger = fs::absolute(out) / "ledger.jsonl";
    auto view = std::make_shared<LiveView>(*layout, options.ledger, is_terminal() && !common.json);
    options.watch = [view](const std::string& phase) { return (*view)(phase); };
    const auto say = [view, plain](const std::string& line) {
        view->clear();
        plain(line);
    };
    const auto result = run_trial(*layout, options, say);
    view->clear();
    if (!result) {
        if (result.error().code == "trial.interrupted") return interrupted;
        return report(result.error(), common);
    }
    const auto json_written = io::replace_file(out / "report.json", to_json(*result) + "\n");
    const auto text_written = io::replace_file(out / "report.md", to_markdown(*result));
    if (!json_written) return report(json_written.error(), common);
    if (!text_written) return report(text_written.error(), common);
    fmt::print("{}", common.json ? to_json(*result) + "\n" : to_markdown(*result));
    if (!common.json) fmt::print("\nThe report lies in {0}/report.json and {0}/report.md.\n", out.string());
    return result->passed() ? ok : not_met;
}

Exit run_bench(Common common, TrialOptions options, int runs, const fs::path& out) {
    heed_interrupts();
    const auto say = progress(common);
    std::map<std::string, std::vector<double>> figures;
    std::uint64_t lost_payments = 0;
    std::uint64_t lost_others = 0;
    int bad_runs = 0;
    std::error_code ignored;
    fs::create_directories(out, ignored);
    for (int run = 1; run <= runs && !interrupted_by_person; ++run) {
        say(fmt::format("run {} of {}", run, runs));
        const auto layout = fresh_twin(common, [](const std::string&) {});
        if (!layout) return layout.error();
        TwinDown down{*layout};
        options.programs = program_folder();
        options.plan = common.plan;
        options.ledger = fs::absolute(out) / fmt::format("ledger-{}.jsonl", run);
        options.seed = static_cast<std::uint64_t>(run);
        options.watch = [](const std::string&) { return !interrupted_by_person.load(); };
        // Not always at the same moment of a beat, a probe or a TTL.
        options.before = 5s + std::chrono::milliseconds((run * 377) % 1000);
        const auto result = run_trial(*layout, options, [](const std::string&) {});
        if (!result) {
            ++bad_runs;
            say(fmt::format("run {}: {}", run, result.error().message));
            continue;
        }
        [[maybe_unused]] const auto kept =
            io::replace_file(out / fmt::format("report-{}.json", run), to_json(*result) + "\n");
        for (const auto& service : result->services) {
            if (service.rta)
                figures["RTA " + service.service.value() + " (s)"].push_back(
                    std::chrono::duration<double>(*service.rta).count()
                );
            (service.service.value() == "payments" ? lost_payments : lost_others) += service.lost_writes;
        }
        for (const auto& [phase, at] : result->phases_ms) figures["phase " + phase + " (ms)"].push_back(at);
        if (result->failback_pause_ms) figures["failback pause (ms)"].push_back(*result->failback_pause_ms);
        figures["writers at once (ms)"].push_back(result->writer_overlap_ms);
        if (!result->passed()) {
            ++bad_runs;
            for (const auto& reason : result->reasons) say(fmt::format("run {}: {}", run, reason));
        }
        fs::remove(options.ledger, ignored);
    }
    std::string table = figures_table(figures);
    table += fmt::format(
        "\nRuns: {}, not passed: {}. Lost acknowledged orders and payments: {}; other acknowledged writes lost: {}.\n",
        runs,
        bad_runs,
        lost_payments,
        lost_others
    );
    [[maybe_unused]] const auto written = io::replace_file(out / "summary.md", table);
    fmt::print("{}", table);
    return interrupted_by_person ? interrupted : bad_runs == 0 ? ok : not_met;
}

}  // namespace

void add_demo(CLI::App& app, int& status) {
    auto* command =
        app.add_subcommand("demo", "the main job: lose a region under load, recover, rebuild, fail back, report");
    auto common = std::make_shared<Common>();
    common->data = "var/demo/twin";
    auto options = std::make_shared<TrialOptions>();
    auto out = std::make_shared<fs::path>("var/demo");
    auto keep = std::make_shared<bool>(false);
    add_common(*command, *common);
    command->add_option("--rate", options->rate, "customers' transactions per second")->capture_default_str();
    command->add_option("--out", *out, "where the report goes")->capture_default_str();
    command->add_flag("--keep", *keep, "leave the twin up afterwards");
    command->footer("Exit status: 0 every objective met, 2 some objective not met, 1 it could not be carried out.");
    command->callback([=, &status] { status = run_demo(*common, *options, *out, *keep); });
}

void add_bench(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("bench-failover", "the region loss many times over; prints distributions");
    auto common = std::make_shared<Common>();
    common->data = "var/bench/twin";
    auto options = std::make_shared<TrialOptions>();
    options->after = 2s;
    auto runs = std::make_shared<int>(20);
    auto out = std::make_shared<fs::path>("var/bench");
    add_common(*command, *common);
    command->add_option("--runs", *runs, "how often")->capture_default_str()->check(CLI::Range(1, 1000));
    command->add_option("--rate", options->rate, "customers' transactions per second")->capture_default_str();
    command->add_option("--out", *out, "where the reports go")->capture_default_str();
    auto peer = std::make_shared<std::string>();
    auto profile = std::make_shared<std::string>("defaults");
    auto* peer_option =
        command->add_option("--peer", *peer, "measure another product instead of ours, by the same loss")
            ->check(CLI::IsMember({"patroni"}));
    command->add_option("--peer-profile", *profile, "its timing")
        ->capture_default_str()
        ->check(CLI::IsMember({"defaults", "fastest"}))
        ->needs(peer_option);
    command->callback([=, &status] {
        if (peer->empty()) return void(status = run_bench(*common, *options, *runs, *out));
        heed_interrupts();
        Common there = *common;
        if (command->count("--data") == 0) there.data = "var/bench/patroni";
        status = bench_patroni(there, {.profile = *profile, .runs = *runs, .out = *out, .go_on = [] {
                                           return !interrupted_by_person.load();
                                       }});
    });
}

void add_report(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("report", "show the last demo's report");
    auto common = std::make_shared<Common>();
    auto out = std::make_shared<fs::path>("var/demo");
    add_common(*command, *common);
    command->add_option("--out", *out, "where the report lies")->capture_default_str();
    command->callback([=, &status] {
        const auto text = io::read_file(*out / (common->json ? "report.json" : "report.md"));
        if (!text)
            return void(
                status = report(
                    {.code = "io.no-file",
                     .message = fmt::format("no report in {}: `cloudshelf demo` writes one", out->string())},
                    *common
                )
            );
        fmt::print("{}", *text);
    });
}

}  // namespace cloudshelf::cli
