#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "io/http.hpp"
#include "twin/layout.hpp"
#include "twin/twin.hpp"

#include <CLI/App.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::cli {

/// Exit statuses, as sysexits.h has them where it has one. docs/reference/exit-status.md is this list.
enum Exit : int {
    ok = 0,
    failed = 1,          // what was asked for did not happen; the message says why
    not_met = 2,         // it happened, and an objective was not met
    usage = 64,          // the command line
    bad_plan = 65,       // the plan has faults, all listed
    no_input = 66,       // a file that is not there
    unavailable = 69,    // a process that should answer does not; is the twin up?
    refused = 70,        // a guard refused; the message names it
    cant_create = 73,    // a port, a folder or a lock is taken
    not_installed = 72,  // PostgreSQL, PowerDNS, etcd, nginx or a peer missing, or of another version
    waiting = 75,        // begun, and a person has to approve before it goes on
    other_version = 76,  // data of another format version
    interrupted = 130,
};

/// What several commands share: which twin, and how to speak.
struct Common {
    std::filesystem::path plan = "plans/cloudshelf.yaml";
    std::filesystem::path data = "var/twin";
    int network_base = 0;
    bool json = false;
};

/// Adds --plan, --data, --network-base and --json.
void add_common(CLI::App& command, Common& common);

/// Loads the plan and lays the twin out. Prints what is wrong and answers the exit status where that fails.
std::expected<twin::Layout, Exit> lay_out(const Common& common);

/// Prints the error, as JSON where asked for, and answers the exit status that goes with its code.
Exit report(const Error& error, const Common& common);

/// A region and where its service is: "us-east-1=http://127.1.0.1:9000", as --endpoint has it. Errors: "cli.usage".
Result<std::pair<RegionName, io::Endpoint>> read_region_endpoint(const std::string& text);

/// The folder of this program: its siblings lie there.
std::filesystem::path program_folder();

/// Whether to colour and redraw: a terminal, and NO_COLOR is not set (no-color.org).
bool is_terminal();

/// Progress lines on stderr, "  0.4 s  …", since the first.
twin::Progress progress(const Common& common);

/// Each registers one command; its callback leaves the exit status in `status`.
void add_plan(CLI::App& app, int& status);
void add_up(CLI::App& app, int& status);
void add_down(CLI::App& app, int& status);
void add_status(CLI::App& app, int& status);
void add_break(CLI::App& app, int& status);
void add_move(CLI::App& app, int& status);  // failover, failback
void add_approve(CLI::App& app, int& status);
void add_shop(CLI::App& app, int& status);
void add_demo(CLI::App& app, int& status);
void add_bench(CLI::App& app, int& status);
void add_soak(CLI::App& app, int& status);
void add_bench_probes(CLI::App& app, int& status);
void add_bench_control(CLI::App& app, int& status);
void add_report(CLI::App& app, int& status);
void add_simulate(CLI::App& app, int& status);
void add_catalog(CLI::App& app, int& status);
void add_journal(CLI::App& app, int& status);
void add_certificates(CLI::App& app, int& status);
void add_state(CLI::App& app, int& status);
void add_site(CLI::App& app, int& status);
void add_tables(CLI::App& app, int& status);
void add_buckets(CLI::App& app, int& status);
void add_deploy(CLI::App& app, int& status);
void add_functions(CLI::App& app, int& status);
void add_edge(CLI::App& app, int& status);
void add_bench_witness(CLI::App& app, int& status);
void add_daemons(CLI::App& app, int& status);  // controller, twin-site

}  // namespace cloudshelf::cli
