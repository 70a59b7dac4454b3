// bench-soak: a busy, jittery machine and no fault; whatever moves is a mistake.
#include "base/random.hpp"
#include "cli/command.hpp"
#include "cli/follow.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "twin/site.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <sys/wait.h>
#include <thread>

namespace cloudshelf::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

std::atomic<bool> stopped_by_person = false;

/// Processes that do nothing but take the processor's time; gone at the end of the scope.
class BusyWork {
public:
    explicit BusyWork(unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            io::SpawnOptions spawn;
            spawn.argv = {"/bin/sh", "-c", "while :; do :; done"};
            spawn.death_signal = SIGKILL;
            if (const auto pid = io::spawn(spawn)) pids_.push_back(*pid);
        }
    }
    ~BusyWork() {
        for (const pid_t pid : pids_) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
        }
    }

private:
    std::vector<pid_t> pids_;
};

struct Soak {
    double rate = 50;
    Duration duration = 10min;
    std::uint64_t seed = 1;
};

Exit run_soak(const Common& common, const Soak& soak, const fs::path& out) {
    std::signal(SIGINT, [](int) { stopped_by_person = true; });
    std::signal(SIGTERM, [](int) { stopped_by_person = true; });
    const auto say = progress(common);
    ::setenv("CLOUDSHELF_DROP_PROBES", "0.01", 1);  // the twin's processes inherit it
    auto layout = lay_out(common);
    if (!layout) return layout.error();
    std::error_code ignored;
    fs::remove_all(layout->directory, ignored);
    fs::remove(common.data, ignored);
    fs::create_directories(out, ignored);
    if (const auto up = twin::up(*layout, {.programs = program_folder(), .plan = common.plan}, say); !up)
        return report(up.error(), common);
    layout = lay_out(common);
    if (!layout) return layout.error();

    std::uint64_t pauses = 0;
    {
        const fs::path ledger = fs::absolute(out) / "soak-ledger.jsonl";
        fs::remove(ledger, ignored);
        io::SpawnOptions shop;
        shop.argv = {
            program_folder() / "cloudshelf",
            "shop",
            "--rate",
            fmt::format("{}", soak.rate),
            "--for",
            fmt::format("{}s", soak.duration / 1s),
            "--audit",
            "--ledger",
            ledger,
            "--plan",
            common.plan,
            "--data",
            layout->directory,
            "--network-base",
            std::to_string(common.network_base)
        };
        shop.output = ledger.string() + ".log";
        const auto customers = io::spawn(shop);
        const BusyWork busy(std::thread::hardware_concurrency());
        Random random(soak.seed);
        say(fmt::format(
            "soaking for {} s: {} busy processes, 1 % of probes lost, pauses of 200 ms, seed {}",
            soak.duration / 1s,
            std::thread::hardware_concurrency(),
            soak.seed
        ));
        for (const auto deadline = io::Deadline::after(soak.duration); !deadline.passed() && !stopped_by_person;) {
            std::this_thread::sleep_for(500ms + std::chrono::milliseconds(random.below(1500)));
            std::vector<pid_t> all;
            for (const auto& site : layout->sites()) {
                const pid_t machine = twin::site_pid(site.directory);
                if (machine == 0) continue;
                const auto below = io::descendants(machine);
                all.insert(all.end(), below.begin(), below.end());
            }
            if (all.empty()) continue;
            const pid_t victim = all[random.below(all.size())];
            ::kill(victim, SIGSTOP);
            std::this_thread::sleep_for(200ms);
            ::kill(victim, SIGCONT);
            ++pauses;
        }
        if (customers) {
            ::kill(*customers, SIGTERM);
            for (const auto deadline = io::Deadline::after(120s); !deadline.passed();
                 std::this_thread::sleep_for(50ms)) {
                if (::waitpid(*customers, nullptr, WNOHANG) == *customers) break;
            }
        }
    }
    const auto moves = execution_ids(*layout);
    const auto status = twin::controller_status(*layout);
    std::uint64_t fences = 0;
    for (const auto& region : layout->regions()) {
        const auto lines = io::read_file(region.directory / "fences.jsonl");
        if (lines) fences += static_cast<std::uint64_t>(std::ranges::count(*lines, '\n'));
    }
    boost::system::error_code none;
    const auto* epoch = status ? status->find_pointer("/lease/epoch", none) : nullptr;
    fmt::print(
        "| soak | {} s, {} pauses of 200 ms, 1 % of probes lost, all cores busy |\n| --- | --- |\n"
        "| false moves | {} |\n| writers fenced without need | {} |\n| epoch at the end (1 at the start) | {} |\n",
        soak.duration / 1s,
        pauses,
        moves ? std::to_string(moves->size()) : "unknown",
        fences,
        epoch ? json::serialize(*epoch) : "unknown"
    );
    twin::down(*layout, [](const std::string&) {});
    if (stopped_by_person) return interrupted;
    return moves && moves->empty() && fences == 0 ? ok : not_met;
}

}  // namespace

void add_soak(CLI::App& app, int& status) {
    auto* command =
        app.add_subcommand("bench-soak", "a busy machine without a fault: counts moves that should not have been");
    auto common = std::make_shared<Common>();
    common->data = "var/bench/soak";
    auto soak = std::make_shared<Soak>();
    auto minutes = std::make_shared<double>(10);
    auto out = std::make_shared<fs::path>("var/bench");
    add_common(*command, *common);
    command->add_option("--minutes", *minutes, "for how long")->capture_default_str()->check(CLI::Range(0.1, 600.0));
    command->add_option("--rate", soak->rate, "customers' transactions per second")->capture_default_str();
    command->add_option("--seed", soak->seed, "of the pauses")->capture_default_str();
    command->callback([=, &status] {
        soak->duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::ratio<60>>(*minutes));
        status = run_soak(*common, *soak, *out);
    });
}

}  // namespace cloudshelf::cli
