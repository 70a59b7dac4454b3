#include "twin/site.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/log.hpp"
#include "io/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>

namespace cloudshelf::twin {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration backoff_min = 50ms;
constexpr Duration backoff_max = 1s;
constexpr Duration settled_after = 5s;  // a program that lived this long starts again at once
constexpr Duration stop_limit = 8s;     // for one program to end after SIGTERM

struct Running {
    Program program;
    pid_t pid = 0;
    TimePoint started{};
    TimePoint start_again_at{};
    Duration backoff = backoff_min;
};

Result<std::vector<Program>> read_site(const fs::path& directory) {
    const auto text = io::read_file(directory / "site.json");
    if (!text) return fail(text.error());
    std::vector<Program> programs;
    try {
        const json::value document = json::parse(*text);
        for (const auto& entry : document.at("programs").as_array()) {
            programs.push_back({
                .name = json::value_to<std::string>(entry.at("name")),
                .argv = json::value_to<std::vector<std::string>>(entry.at("argv")),
                .env = json::value_to<std::map<std::string, std::string>>(entry.at("env")),
            });
            if (const auto* user = entry.as_object().if_contains("user")) {  // a twin of before has none
                programs.back().user = json::value_to<std::string>(*user);
            }
        }
    } catch (const std::exception& problem) {
        return fail("twin.bad-site", fmt::format("{}: {}", (directory / "site.json").string(), problem.what()));
    }
    return programs;
}

/// Another user may not be able to enter the folder that we are in.
Result<pid_t> spawn_as(const std::string& user, io::SpawnOptions options, const fs::path& directory) {
    if (user.empty()) return io::spawn(options);
    auto found = io::User::find(user);
    if (!found) return fail(found.error());
    options.run_as = std::move(*found);
    options.directory = directory;
    return io::spawn(options);
}

void start(Running& running, const fs::path& directory) {
    running.started = io::now();
    io::SpawnOptions options;
    options.argv = running.program.argv;
    options.env = running.program.env;
    options.output = directory / "log" / (running.program.name + ".log");
    options.new_session = true;
    options.death_signal = SIGKILL;  // no machine, no programs
    const auto pid = spawn_as(running.program.user, std::move(options), directory);
    if (pid) {
        running.pid = *pid;
        io::log(io::Level::info, "site.started", {{"program", running.program.name}, {"pid", std::to_string(*pid)}});
        return;
    }
    running.pid = 0;
    running.start_again_at = running.started + running.backoff;
    running.backoff = std::min(running.backoff * 2, backoff_max);
    io::log(io::Level::error, "site.start-failed", {{"program", running.program.name}, {"why", pid.error().message}});
}

void ended(Running& running, int status) {
    const TimePoint now = io::now();
    if (now - running.started > settled_after) running.backoff = backoff_min;
    io::log(
        io::Level::warning,
        "site.ended",
        {{"program", running.program.name},
         {"pid", std::to_string(running.pid)},
         {"status",
          WIFEXITED(status) ? std::to_string(WEXITSTATUS(status)) : "signal " + std::to_string(WTERMSIG(status))}}
    );
    running.pid = 0;
    running.start_again_at = now + running.backoff;
    running.backoff = std::min(running.backoff * 2, backoff_max);
}

/// Collects every child that ended; orphans that the site adopted too.
void reap(std::vector<Running>& all) {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        for (auto& running : all) {
            if (running.pid == pid) ended(running, status);
        }
    }
}

void stop_all(std::vector<Running>& all) {
    for (auto running = all.rbegin(); running != all.rend(); ++running) {
        if (running->pid == 0) continue;
        ::kill(running->pid, SIGTERM);
        const auto deadline = io::Deadline::after(stop_limit);
        int status = 0;
        pid_t gone = 0;
        while (gone == 0 && !deadline.passed()) {
            gone = ::waitpid(running->pid, &status, WNOHANG);
            if (gone == 0) std::this_thread::sleep_for(5ms);
        }
    }
    io::kill_tree(::getpid(), io::AndRoot::no, 5s);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
}

}  // namespace

Result<void> write_site(const fs::path& directory, const std::vector<Program>& programs) {
    json::array entries;
    for (const auto& program : programs) {
        entries.push_back({
            {"name", program.name},
            {"argv", json::value_from(program.argv)},
            {"env", json::value_from(program.env)},
            {"user", program.user},
        });
    }
    std::error_code ignored;
    fs::create_directories(directory / "log", ignored);
    return io::replace_file(directory / "site.json", json::serialize(json::object{{"programs", std::move(entries)}}));
}

int run_site(const fs::path& directory) {
    auto programs = read_site(directory);
    if (!programs) {
        fmt::print(stderr, "twin-site: {}\n", programs.error().message);
        return EXIT_FAILURE;
    }
    io::log_identity({{"program", "twin-site"}, {"site", directory.filename().string()}});
    io::become_subreaper();
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    // The file comes last: whoever sees it may signal us.
    if (const auto written = io::replace_file(directory / "site.pid", std::to_string(::getpid()) + "\n"); !written) {
        fmt::print(stderr, "twin-site: {}\n", written.error().message);
        return EXIT_FAILURE;
    }
    std::vector<Running> all;
    for (auto& program : *programs) all.push_back({.program = std::move(program)});
    for (auto& running : all) start(running, directory);
    for (;;) {
        const timespec tick{.tv_sec = 0, .tv_nsec = 20'000'000};
        const int signal = sigtimedwait(&signals, nullptr, &tick);
        if (signal == SIGTERM || signal == SIGINT) break;
        reap(all);
        const TimePoint now = io::now();
        for (auto& running : all) {
            if (running.pid == 0 && now >= running.start_again_at) start(running, directory);
        }
    }
    stop_all(all);
    std::error_code ignored;
    fs::remove(directory / "site.pid", ignored);
    return EXIT_SUCCESS;
}

Result<pid_t> start_site(const fs::path& cloudshelf, const fs::path& directory) {
    if (const pid_t running = site_pid(directory); running != 0) {
        return fail(
            "twin.site-running",
            fmt::format(
                "{} runs already (process {}); stop it with `cloudshelf down`", directory.filename().string(), running
            )
        );
    }
    std::error_code ignored;
    fs::remove(directory / "site.pid", ignored);
    io::SpawnOptions options;
    options.argv = {cloudshelf.string(), "twin-site", directory.string()};
    options.output = directory / "log" / "site.log";
    options.new_session = true;
    const auto pid = io::spawn(options);
    if (!pid) return fail(pid.error());
    for (const auto deadline = io::Deadline::after(5s); !deadline.passed(); std::this_thread::sleep_for(2ms)) {
        ::waitpid(*pid, nullptr, WNOHANG);
        if (site_pid(directory) == *pid) return *pid;
        if (!io::is_running(*pid)) break;
    }
    return fail(
        "twin.site-died",
        fmt::format("{} ended while starting; {} says why", directory.filename().string(), options.output.string())
    );
}

namespace {

/// A field of /proc/<pid>/status in bytes.
std::uint64_t memory_field(const std::string& status, const std::string& field) {
    const auto at = status.find(field + ":");
    return at == std::string::npos ? 0 : std::strtoull(status.c_str() + at + field.size() + 1, nullptr, 10) << 10;
}

struct Process {
    pid_t parent = 0;
    std::string command;  // its arguments, each ended by \0
    std::uint64_t resident = 0;
    std::uint64_t resident_max = 0;
};

std::map<pid_t, Process> processes() {
    std::map<pid_t, Process> all;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        const auto pid = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
        const auto status = pid > 0 ? io::read_file(entry.path() / "status") : fail("", "");
        if (!status) continue;
        const auto parent = status->find("PPid:");
        all[pid] = {
            .parent = static_cast<pid_t>(std::strtol(status->c_str() + parent + 5, nullptr, 10)),
            .command = io::read_file(entry.path() / "cmdline").value_or(""),
            .resident = memory_field(*status, "VmRSS"),
            .resident_max = memory_field(*status, "VmHWM"),
        };
    }
    return all;
}

}  // namespace

std::vector<ProgramMemory> memory_of(const fs::path& directory) {
    std::vector<ProgramMemory> found;
    const auto programs = read_site(directory);
    const pid_t machine = site_pid(directory);
    if (!programs || machine == 0) return found;
    const auto all = processes();
    for (const auto& program : *programs) {
        std::string command;
        for (const auto& argument : program.argv) command += argument + '\0';
        ProgramMemory memory{.name = program.name};
        for (const auto& [pid, process] : all) {
            // Its own process, or one below it.
            pid_t at = pid;
            while (all.contains(at) && all.at(at).parent != machine) at = all.at(at).parent;
            if (!all.contains(at) || all.at(at).command != command) continue;
            memory.resident_bytes += process.resident;
            memory.resident_bytes_max += process.resident_max;
        }
        if (memory.resident_bytes > 0) found.push_back(std::move(memory));
    }
    return found;
}

pid_t site_pid(const fs::path& directory) {
    const auto text = io::read_file(directory / "site.pid");
    if (!text) return 0;
    const pid_t pid = static_cast<pid_t>(std::strtol(text->c_str(), nullptr, 10));
    if (pid <= 1 || !io::is_running(pid)) return 0;
    // Numbers are used again: the process must be a twin-site of this folder.
    const auto command = io::read_file(fmt::format("/proc/{}/cmdline", pid));
    if (!command || command->find("twin-site") == std::string::npos) return 0;
    return command->find(directory.string()) == std::string::npos ? 0 : pid;
}

bool stop_site(const fs::path& directory, std::chrono::milliseconds limit) {
    const pid_t pid = site_pid(directory);
    if (pid == 0) return true;
    ::kill(pid, SIGTERM);
    for (const auto deadline = io::Deadline::after(limit); !deadline.passed(); std::this_thread::sleep_for(5ms)) {
        ::waitpid(pid, nullptr, WNOHANG);  // ours, when this process started it
        if (!io::is_running(pid)) return true;
    }
    return kill_site(directory);
}

bool kill_site(const fs::path& directory) {
    const pid_t pid = site_pid(directory);
    if (pid == 0) return true;
    const bool gone = io::kill_tree(pid, io::AndRoot::yes, 5s);
    ::waitpid(pid, nullptr, WNOHANG);
    std::error_code ignored;
    std::filesystem::remove(directory / "site.pid", ignored);
    return gone;
}

}  // namespace cloudshelf::twin
