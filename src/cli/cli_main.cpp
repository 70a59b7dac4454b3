#include "base/version.hpp"
#include "cli/command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    using namespace cloudshelf::cli;
    CLI::App app{
        "Keeps a two-region service recoverable, recovers it when a region dies, and proves both with numbers.",
        "cloudshelf"
    };
    app.require_subcommand(1);
    app.footer(
        "A first look:   cloudshelf demo\n"
        "Step by step:   cloudshelf up; cloudshelf status; cloudshelf break region us-east-1; cloudshelf status\n"
        "Exit statuses:  docs/reference/exit-status.md"
    );
    app.set_version_flag("--version", std::string("cloudshelf ") + cloudshelf::version);
    int status = Exit::ok;
    add_demo(app, status);
    add_up(app, status);
    add_status(app, status);
    add_shop(app, status);
    add_break(app, status);
    add_move(app, status);
    add_approve(app, status);
    add_report(app, status);
    add_simulate(app, status);
    add_down(app, status);
    add_plan(app, status);
    add_catalog(app, status);
    add_journal(app, status);
    add_certificates(app, status);
    add_state(app, status);
    add_site(app, status);
    add_tables(app, status);
    add_buckets(app, status);
    add_deploy(app, status);
    add_functions(app, status);
    add_edge(app, status);
    add_bench(app, status);
    add_soak(app, status);
    add_bench_probes(app, status);
    add_bench_witness(app, status);
    add_bench_control(app, status);
    add_daemons(app, status);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : Exit::usage;
    } catch (const std::exception& bug) {
        fmt::print(stderr, "cloudshelf: internal error: {}\n", bug.what());
        return Exit::failed;
    }
    return status;
}
