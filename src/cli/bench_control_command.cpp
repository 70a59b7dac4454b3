// bench-control: many applications on one control plane: what three controllers cost, and what they do when regions and
// their leader are lost.
#include "cli/command.hpp"
#include "cli/control_ground.hpp"
#include "cli/control_report.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "plan/load.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <set>
#include <thread>
#include <unistd.h>

namespace cloudshelf::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

struct Options {
    int applications = 1000;
    int services = 10;
    double minutes = 2;
    std::string profile = "wan";
    int service_interval_ms = 10'000;  // Route 53's faster one; 0: the profile's
    int lost = 0;                      // 0: one per cent
    bool keep = false;                 // the folder, with all logs
};

constexpr Duration settle_limit = 8min;  // 13,000 handshakes on a busy machine
constexpr Duration move_limit = 3min;

volatile std::sig_atomic_t asked_to_stop = 0;

struct Interrupted {};

void pass(Duration duration) {
    for (const auto deadline = io::Deadline::after(duration); !deadline.passed();) {
        if (asked_to_stop != 0) throw Interrupted{};
        std::this_thread::sleep_for(std::min<Duration>(deadline.remaining(), 50ms));
    }
}

/// A folder that goes away with all that is in it.
class Folder {
public:
    explicit Folder(bool keep)
        : path(fs::temp_directory_path() / fmt::format("cloudshelf-control-{}", ::getpid())), keep_(keep) {
        fs::create_directories(path);
        fs::permissions(path, fs::perms::owner_all);
    }
    ~Folder() {
        std::error_code ignored;
        if (!keep_) fs::remove_all(path, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const fs::path path;

private:
    bool keep_;
};

class ControlBench {
public:
    ControlBench(ControlGround& ground, const Options& options, twin::Progress say)
        : ground_(ground), options_(options), say_(std::move(say)) {}

    Result<ControlReport> run() {
        if (const auto started = start(); !started) return fail(started.error());
        measure();
        if (const auto lost = lose_regions(); !lost) return fail(lost.error());
        if (const auto lost = lose_leader(); !lost) return fail(lost.error());
        return std::move(report_);
    }

private:
    template <class Done>
    bool until(Duration limit, Duration again, Done done) {
        for (const auto deadline = io::Deadline::after(limit); !deadline.passed(); pass(again)) {
            report_.controllers_ended += ground_.revive();
            if (done()) return true;
        }
        return false;
    }

    Result<void> start() {
        if (const auto prepared = ground_.prepare(); !prepared) return prepared;
        pass(1s);
        for (int site = farm_sites - 1; site >= 0; --site) {  // the witness first: it is to lead
            if (const auto started = ground_.start_controller(site); !started) return started;
            pass(2s);
        }
        std::optional<int> leader;
        const auto leads = [&] {
            leader = ground_.leader();
            return leader.has_value();
        };
        if (!until(settle_limit, 200ms, leads)) return fail("bench.no-leader", "no controller leads");
        say_(fmt::format("{} leads", ground_.site_name(*leader)));
        std::string missing;
        const bool settled = until(settle_limit, 1s, [&] {
            missing = not_ready();
            return missing.empty();
        });
        if (!settled) return fail("bench.not-settled", missing);
        pass(10s);
        if (report_.controllers_ended > 0)
            say_(fmt::format("{} controllers ended meanwhile", report_.controllers_ended));
        report_.controllers_ended = 0;
        say_("every lease is known, every region is up");
        return {};
    }

    std::string not_ready() const {
        for (int site = 0; site < farm_sites; ++site) {
            const auto figures = ground_.metrics(site);
            if (!figures) return fmt::format("{}: {}", ground_.site_name(site), figures.error().message);
            int leases = 0;
            int down = 0;
            for (const auto& [name, value] : *figures) {
                leases += name.starts_with("cloudshelf_epoch{") && value > 0 ? 1 : 0;
                down += name.starts_with("cloudshelf_region_down{") && value > 0 ? 1 : 0;
            }
            if (leases < options_.applications || down > 0)
                return fmt::format("{}: {} leases known, {} regions down", ground_.site_name(site), leases, down);
        }
        return {};
    }

    void measure() {
        auto& state = FarmState::shared();
        state.swaps.clear();
        state.reads.clear();
        const std::uint64_t failed = state.swaps_failed + state.reads_failed;
        const std::uint64_t refused = state.swaps_refused;
        Usage usage(ground_);
        const auto seconds = std::chrono::duration_cast<Duration>(options_.minutes * 1min);
        for (const auto deadline = io::Deadline::after(seconds); !deadline.passed();) {
            pass(std::min<Duration>(deadline.remaining(), 1s));
            report_.controllers_ended += ground_.revive();
            usage.look();
        }
        report_.processes = usage.end();
        report_.machine_busy_cores = usage.machine_cores();
        report_.seconds = usage.seconds();
        report_.leader = ground_.site_name(ground_.leader().value_or(farm_witness));
        report_.swaps = CallFigures::of(state.swaps, usage.seconds());
        report_.reads = CallFigures::of(state.reads, usage.seconds());
        report_.calls_failed = state.swaps_failed + state.reads_failed - failed;
        report_.swaps_refused = state.swaps_refused - refused;
        report_.false_moves = executions();
        say_("measured");
    }

    /// How many executions there are.
    std::uint64_t executions() const {
        const auto figures = ground_.metrics(ground_.leader().value_or(farm_witness));
        double all = 0;
        for (const auto& [name, value] : figures.value_or(std::map<std::string, double>{}))
            all += name.starts_with("cloudshelf_executions_total{") ? value : 0;
        return static_cast<std::uint64_t>(all);
    }

    /// Applications whose writer is at `site`, not taken before.
    std::vector<int> choose(int site) {
        std::vector<int> chosen;
        for (int i = 0; i < options_.applications && static_cast<int>(chosen.size()) < options_.lost; ++i) {
            const auto& known = FarmState::shared().applications[static_cast<std::size_t>(i)];
            if (known.writer == site && taken_.insert(i).second) chosen.push_back(i);
        }
        return chosen;
    }

    static void silence(const std::vector<int>& applications, int site, bool silent) {
        const std::int64_t since = silent ? io::now().time_since_epoch().count() : 0;
        for (const int i : applications)
            FarmState::shared().applications[static_cast<std::size_t>(i)].silent_since[static_cast<std::size_t>(site)] =
                since;
    }

    /// The newest execution of an application; nothing while there is none, or no leader answers.
    std::optional<json::value> execution_of(int application) {
        if (!asked_) asked_ = ground_.leader();
        if (!asked_) return std::nullopt;
        const auto all = ground_.ask(*asked_, "/v1/executions?application=" + Farm::application_name(application));
        if (!all) asked_.reset();
        if (!all || all->at("executions").as_array().empty()) return std::nullopt;
        return all->at("executions").as_array().back();
    }

    static bool has_ended(const std::optional<json::value>& execution) {
        return execution && !execution->at("ended_ns").is_null();
    }

    bool all_ended(std::vector<int> waiting) {
        return until(move_limit, 250ms, [&] {
            std::erase_if(waiting, [&](int i) { return has_ended(execution_of(i)); });
            return waiting.empty();
        });
    }

    Result<void> lose_regions() {
        const auto lost = choose(0);
        const TimePoint began = io::now();
        silence(lost, 0, true);
        say_(fmt::format("{} applications lost {}", lost.size(), ground_.site_name(0)));
        if (!all_ended(lost)) return fail("bench.no-failover", "not every application was moved");
        for (const int i : lost) {
            const auto execution = execution_of(i);
            if (execution) report_.add_move("", *execution, began);
        }
        silence(lost, 0, false);
        report_.false_moves += executions() - lost.size() - report_.false_moves;
        return {};
    }

    Result<void> lose_leader() {
        const auto old = ground_.leader();
        if (!old) return fail("bench.no-leader", "no controller leads");
        const auto lost = choose(1);
        const TimePoint began = io::now();
        silence(lost, 1, true);
        if (!until(move_limit, 100ms, [&] { return execution_of(lost.front()).has_value(); }))
            return fail("bench.no-failover", "no execution was begun");
        const TimePoint killed = io::now();
        ground_.stop_controller(*old);
        asked_.reset();
        say_(fmt::format("{} applications lost {}, and the leader was killed", lost.size(), ground_.site_name(1)));
        if (!until(move_limit, 20ms, [&] { return ground_.leader().has_value(); }))
            return fail("bench.no-leader", "no other controller leads");
        report_.figures["leader killed: another leads (s)"].push_back(seconds_since(killed));
        if (!all_ended(lost)) return fail("bench.no-failover", "not every application was moved");
        report_.figures["leader killed: every execution has ended (s)"].push_back(seconds_since(killed));
        for (const int i : lost) {
            const auto execution = execution_of(i);
            if (execution) report_.add_move(", leader killed", *execution, began);
        }
        return {};
    }

    static double seconds_since(TimePoint at) { return std::chrono::duration<double>(io::now() - at).count(); }

    ControlGround& ground_;
    const Options& options_;
    twin::Progress say_;
    ControlReport report_;
    std::set<int> taken_;       // applications that a region was lost of
    std::optional<int> asked_;  // who leads, as last heard
};

Exit run_bench(Options options, const Common& common) {
    if (!fs::exists("/usr/bin/etcd"))
        return report({.code = "peer.not-installed", .message = "etcd is missing: `make setup` installs it"}, common);
    const auto text = io::read_file(common.plan);
    if (!text) return report(text.error(), common);
    const auto plan = plan::load(*text, common.plan.string());
    if (!plan) return report({.code = "twin.plan-shape", .message = common.plan.string() + " has faults"}, common);
    const auto timing = core::built_in_timing(options.profile);
    if (options.lost == 0) options.lost = std::max(1, options.applications / 100);
    io::raise_descriptor_limit();
    std::signal(SIGINT, [](int) { asked_to_stop = 1; });
    std::signal(SIGTERM, [](int) { asked_to_stop = 1; });
    const Folder folder(options.keep);
    const Duration service_interval =
        options.service_interval_ms > 0 ? options.service_interval_ms * Duration(1ms) : timing->probe_interval;
    ControlGround ground({
        .applications = options.applications,
        .services = options.services,
        .network_base = common.network_base,
        .plan = *plan,
        .timing = *timing,
        .service_interval = service_interval,
        .programs = program_folder(),
        .directory = folder.path,
    });
    const auto say = progress(common);
    if (options.keep) say("everything is in " + folder.path.string());
    try {
        const auto result = ControlBench(ground, options, say).run();
        if (!result) return report(result.error(), common);
        fmt::print("{}", common.json ? json::serialize(result->to_json()) + "\n" : result->to_text());
        return result->met() ? ok : not_met;
    } catch (const Interrupted&) {
        return interrupted;
    }
}

}  // namespace

void add_bench_control(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("bench-control", "many applications on one control plane: what it costs");
    auto options = std::make_shared<Options>();
    auto common = std::make_shared<Common>();
    common->network_base = 230;
    command->add_option("--plan", common->plan, "whose procedures and rules all of them follow")->capture_default_str();
    command->add_option("--network-base", common->network_base, "addresses are 127.<base+1..3>.…")
        ->capture_default_str()
        ->check(CLI::Range(0, 250));
    command->add_flag("--json", common->json, "print JSON");
    command->add_option("--applications", options->applications, "how many")
        ->capture_default_str()
        ->check(CLI::Range(4, farm_applications_max));
    command->add_option("--services", options->services, "of each application, looked at in both regions")
        ->capture_default_str()
        ->check(CLI::Range(0, 100));
    command->add_option("--minutes", options->minutes, "how long is measured")
        ->capture_default_str()
        ->check(CLI::Range(0.1, 600.0));
    command->add_option("--profile", options->profile, "whose time-outs")
        ->capture_default_str()
        ->check(CLI::IsMember({"lan", "wan", "route53"}));
    command
        ->add_option(
            "--service-interval-ms", options->service_interval_ms, "between looks at a service; 0: the profile's"
        )
        ->capture_default_str()
        ->check(CLI::Range(0, 300'000));
    command->add_option("--lost", options->lost, "applications that lose a region at once; 0: one per cent")
        ->check(CLI::Range(0, 1000));
    command->add_flag("--keep", options->keep, "leave the folder with all logs");
    command->callback([=, &status] { status = run_bench(*options, *common); });
}

}  // namespace cloudshelf::cli
