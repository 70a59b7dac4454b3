// bench-witness: what a witness site takes of memory, with customers, after a region loss, and on a small machine.
#include "cli/command.hpp"
#include "cli/follow.hpp"
#include "io/clock.hpp"
#include "io/memory_group.hpp"
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

std::atomic<bool> ended_by_person = false;

struct WitnessBench {
    Duration duration = 5min;
    double rate = 100;
    std::uint64_t machine_mib = 256;
};

double mib(std::uint64_t bytes) {
    return static_cast<double>(bytes) / (1 << 20);
}

bool wait_until(Duration limit, const std::function<bool()>& holds) {
    for (const auto deadline = io::Deadline::after(limit); !deadline.passed() && !ended_by_person;
         std::this_thread::sleep_for(100ms)) {
        if (holds()) return true;
    }
    return false;
}

/// The witness's machine is started again within the group.
Result<void> move_into(const io::MemoryGroup& group, const twin::Layout& layout, const Common& common) {
    const std::string name = layout.witness.name.value();
    if (const auto lost = twin::break_region(layout, name); !lost) return fail(lost.error());
    io::SpawnOptions restore;
    restore.argv = {
        "/bin/sh",
        "-c",
        "echo $$ > \"$0\" && exec \"$@\"",
        group.members(),
        program_folder() / "cloudshelf",
        "restore",
        "region",
        name,
        "--plan",
        common.plan,
        "--data",
        layout.directory,
        "--network-base",
        std::to_string(common.network_base),
    };
    const auto done = io::run(restore, 30s);
    if (!done) return fail(done.error());
    if (done->status != 0) return fail("bench.witness", done->err);
    return {};
}

bool all_is_well(const twin::Layout& layout) {
    const auto status = twin::controller_status(layout);
    boost::system::error_code none;
    const auto* sync = status ? status->find_pointer("/lease/sync", none) : nullptr;
    const std::string leader = fmt::format("/controllers/{}/leads", layout.witness.name.value());
    const auto* leads = status ? status->find_pointer(leader, none) : nullptr;
    return sync && *sync == "in-step" && leads && *leads == json::value(true);
}

void print_row(const char* when, const twin::Layout& layout) {
    std::uint64_t all = 0;
    std::uint64_t most = 0;
    for (const auto& program : twin::memory_of(layout.witness.directory)) {
        all += program.resident_bytes;
        most += program.resident_bytes_max;
        fmt::print(
            "| {} | {} | {:.1f} | {:.1f} |\n",
            when,
            program.name,
            mib(program.resident_bytes),
            mib(program.resident_bytes_max)
        );
    }
    fmt::print("| {} | **all** | {:.1f} | {:.1f} |\n", when, mib(all), mib(most));
    std::fflush(stdout);
}

/// Customers come, the writer's region is lost, the other takes over: all that the witness has to do.
Result<void> run_through(const twin::Layout& layout, const WitnessBench& bench, const Common& common) {
    const fs::path ledger = layout.directory / "bench-ledger.jsonl";
    io::SpawnOptions shop;
    shop.argv = {
        program_folder() / "cloudshelf",
        "shop",
        "--rate",
        fmt::format("{}", bench.rate),
        "--for",
        "10h",
        "--audit",
        "--ledger",
        ledger,
        "--plan",
        common.plan,
        "--data",
        layout.directory,
        "--network-base",
        std::to_string(common.network_base),
    };
    shop.output = ledger.string() + ".log";
    const auto customers = io::spawn(shop);
    if (!customers) return fail(customers.error());
    const auto close = [&] {
        ::kill(*customers, SIGTERM);
        int status = -1;
        wait_until(120s, [&] { return ::waitpid(*customers, &status, WNOHANG) == *customers; });
        return status;
    };
    wait_until(bench.duration, [] { return false; });
    print_row("with customers", layout);
    const auto fault = twin::break_region(layout, layout.primary.name.value());
    const bool moved = fault && wait_until(60s, [&] {
                           const auto status = twin::controller_status(layout);
                           boost::system::error_code none;
                           const auto* region = status ? status->find_pointer("/lease/region", none) : nullptr;
                           const auto status_of = twin::agent_status(layout, layout.standby);
                           return region && region->is_string() && region->as_string() == layout.standby.name.value() &&
                                  status_of && status_of->at("role") == "writer";
                       });
    wait_until(20s, [] { return false; });
    print_row("after a region loss", layout);
    const int status = close();
    if (!moved) return fail("bench.witness", "the region loss was not recovered from");
    if (status != 0)
        return fail("bench.witness", fmt::format("something acknowledged is missing; {}.audit.json", ledger.string()));
    return {};
}

Exit run_bench(const Common& common, const WitnessBench& bench) {
    std::signal(SIGINT, [](int) { ended_by_person = true; });
    std::signal(SIGTERM, [](int) { ended_by_person = true; });
    const auto say = progress(common);
    auto layout = lay_out(common);
    if (!layout) return layout.error();
    std::error_code ignored;
    fs::remove_all(layout->directory, ignored);
    fs::remove(common.data, ignored);
    if (const auto up = twin::up(*layout, {.programs = program_folder(), .plan = common.plan}, say); !up)
        return report(up.error(), common);
    layout = lay_out(common);
    if (!layout) return layout.error();
    Exit status = ok;
    {
        const auto group = io::MemoryGroup::make(bench.machine_mib << 20);
        Result<void> done;
        if (group) {
            say(fmt::format("the witness's machine has {} MiB", bench.machine_mib));
            done = move_into(*group, *layout, common);
        } else {
            say(fmt::format("skipped: a machine of {} MiB: {}", bench.machine_mib, group.error().message));
        }
        if (done && !wait_until(60s, [&] { return all_is_well(*layout); }))
            done = fail("bench.witness", "the witness does not lead within a minute");
        fmt::print("| when | program | resident (MiB) | most (MiB) |\n| --- | --- | --: | --: |\n");
        if (done) done = run_through(*layout, bench, common);
        if (group)
            fmt::print(
                "| in the end | machine of {} MiB, page cache included | | {:.1f} |\n| in the end | killed for want of "
                "memory | | {} |\n",
                bench.machine_mib,
                mib(group->bytes_used_max()),
                group->killed()
            );
        if (!done) status = report(done.error(), common);
        if (done && group && group->killed() > 0) status = not_met;
        twin::down(*layout, [](const std::string&) {});
    }
    return ended_by_person ? interrupted : status;
}

}  // namespace

void add_bench_witness(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("bench-witness", "what a witness site takes of memory, on a machine of 256 MiB");
    auto common = std::make_shared<Common>();
    common->data = "var/bench/witness";
    auto bench = std::make_shared<WitnessBench>();
    auto minutes = std::make_shared<double>(5);
    add_common(*command, *common);
    command->add_option("--minutes", *minutes, "of customers, before a region is lost")
        ->capture_default_str()
        ->check(CLI::Range(0.1, 600.0));
    command->add_option("--rate", bench->rate, "customers' transactions per second")->capture_default_str();
    command->add_option("--machine-mib", bench->machine_mib, "its memory, by a control group")
        ->capture_default_str()
        ->check(CLI::Range(64, 65536));
    command->callback([=, &status] {
        bench->duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::ratio<60>>(*minutes));
        status = run_bench(*common, *bench);
    });
}

}  // namespace cloudshelf::cli
