#include "drivers/postgres/programs.hpp"

#include "core/lease_record.hpp"
#include "drivers/postgres/private_files.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <thread>

namespace cloudshelf::postgres {
namespace {

using namespace std::chrono_literals;

/// What all of them share.
Result<io::ProcessOutput> run_as_server(const ClusterOptions& options, io::SpawnOptions spawn, Duration limit) {
    spawn.clean_env = true;
    spawn.directory = options.pgconf;
    spawn.death_signal = SIGKILL;  // whoever goes on after us must not meet a copy that is still under way
    if (!options.user.empty()) {
        auto user = io::User::find(options.user);
        if (!user) return fail(user.error());
        spawn.run_as = std::move(*user);
    }
    return io::run(spawn, limit);
}

/// Whoever worked on the folder was killed together with the agent before us, and can take a moment to be gone.
void wait_for_the_last_one(const std::filesystem::path& pgdata) {
    for (const auto deadline = io::Deadline::after(5s); !deadline.passed(); std::this_thread::sleep_for(5ms)) {
        const auto lock = io::read_file(pgdata / "postmaster.pid");
        // Of a single user the number is negative (PostgreSQL 15, miscinit.c).
        const auto pid = static_cast<pid_t>(std::abs(std::strtol(lock.value_or("").c_str(), nullptr, 10)));
        if (pid == 0 || (::kill(pid, 0) != 0 && errno == ESRCH)) return;
    }
}

}  // namespace

Result<void> run_program(const ClusterOptions& options, std::vector<std::string> argv, Duration limit) {
    const std::string program = argv[0];
    argv[0] = options.programs / program;
    const auto output = run_as_server(
        options,
        {.argv = std::move(argv), .env = {{"PGPASSFILE", options.pgconf / "pgpass"}, {"HOME", options.pgconf}}},
        limit
    );
    if (!output) return fail(output.error());
    if (output->status == 0) return {};
    return fail("postgres.program", fmt::format("{} ended with status {}: {}", program, output->status, output->err));
}

ControlData parse_control_data(std::string_view text) {
    ControlData data;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(':');
        const auto start = line.find_first_not_of(' ', colon + 1);
        if (colon == std::string::npos || start == std::string::npos) continue;
        const std::string name = line.substr(0, colon);
        const std::string value = line.substr(start);
        if (name == "Database system identifier") data.system_id = value;
        if (name == "Database cluster state") data.state = value;
        if (name == "Latest checkpoint's TimeLineID")
            data.timeline = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
        if (name == "Latest checkpoint location") data.checkpoint = core::parse_lsn(value).value_or(Lsn(0));
    }
    return data;
}

Result<ControlData> read_control_data(const ClusterOptions& options) {
    const io::SpawnOptions spawn{
        .argv = {options.programs / "pg_controldata", options.pgdata}, .env = {{"LC_ALL", "C"}}, .clean_env = true
    };
    const auto output = io::run(spawn, 10s);
    if (!output) return fail(output.error());
    if (output->status != 0) return fail("postgres.control-data", output->err);
    return parse_control_data(output->out);
}

Result<void> recover_alone(const ClusterOptions& options, const std::vector<std::string>& statements) {
    const std::filesystem::path script = options.pgconf / "rejoin.sql";
    std::string text;
    for (const auto& statement : statements) text += statement + "\n";
    if (const auto written = write_private_file(script, text, options.user); !written) return written;
    io::SpawnOptions spawn;
    spawn.argv = {
        "/bin/sh",
        "-c",
        R"(exec "$0" --single -D "$1" -c config_file="$2" -c synchronous_standby_names= cloudshelf < "$3")",
        options.programs / "postgres",
        options.pgdata,
        options.pgconf / "postgresql.conf",
        script
    };
    wait_for_the_last_one(options.pgdata);
    const auto output = run_as_server(options, std::move(spawn), 1800s);
    std::error_code ignored;
    std::filesystem::remove(script, ignored);
    if (!output) return fail(output.error());
    if (output->status == 0) return {};
    return fail(
        "postgres.recovery", fmt::format("the old server cannot be recovered: {}", output->err.substr(0, 2000))
    );
}

}  // namespace cloudshelf::postgres
