#include "io/process.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <set>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;  // NOLINT: POSIX names it so

namespace cloudshelf::io {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::vector<std::string> environment(const SpawnOptions& options) {
    std::map<std::string, std::string> all;
    if (options.clean_env) {
        for (const char* name : {"PATH", "HOME"}) {
            if (const char* value = std::getenv(name)) all[name] = value;
        }
        all["LANG"] = "C.UTF-8";
    } else {
        for (char** entry = environ; *entry != nullptr; ++entry) {
            const std::string_view text = *entry;
            const auto equals = text.find('=');
            if (equals != std::string_view::npos) all[std::string(text.substr(0, equals))] = text.substr(equals + 1);
        }
    }
    for (const auto& [name, value] : options.env) all[name] = value;
    std::vector<std::string> lines;
    for (const auto& [name, value] : all) lines.push_back(name + "=" + value);
    return lines;
}

std::string find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) return name;
    const char* path = std::getenv("PATH");
    std::istringstream folders(path ? path : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::string candidate = folder + "/" + name;
        if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return name;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (auto& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

struct Streams {
    int in = -1;
    int out = -1;
    int err = -1;
};

/// In the child, between fork and exec: only what is safe there. Answers errno.
int become(
    const SpawnOptions& options,
    const Streams& streams,
    const char* program,
    char** argv,
    char** envp,
    pid_t parent,
    int report
) {
    if (options.new_session) ::setsid();
    if (options.death_signal != 0) {
        ::prctl(PR_SET_PDEATHSIG, options.death_signal);
        if (::getppid() != parent) ::_exit(126);
    }
    for (const auto& [from, to] : {std::pair{streams.in, 0}, {streams.out, 1}, {streams.err, 2}}) {
        if (::dup2(from, to) < 0) return errno;
    }
    if (options.run_as) {
        if (::initgroups(options.run_as->name.c_str(), options.run_as->gid) != 0) return errno;
        if (::setgid(options.run_as->gid) != 0 || ::setuid(options.run_as->uid) != 0) return errno;
        // Changing the user clears the death signal (prctl(2)).
        if (options.death_signal != 0) ::prctl(PR_SET_PDEATHSIG, options.death_signal);
    }
    if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) return errno;
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGXFSZ, SIG_DFL);
    ::fcntl(report, F_SETFD, FD_CLOEXEC);
    ::close_range(3, static_cast<unsigned>(report) - 1, 0);
    ::close_range(static_cast<unsigned>(report) + 1, ~0U, 0);
    ::execve(program, argv, envp);
    return errno;
}

Result<pid_t> start(const SpawnOptions& options, const Streams& streams) {
    if (options.argv.empty()) return fail("io.spawn", "no program named");
    std::vector<std::string> arguments = options.argv;
    std::vector<std::string> variables = environment(options);
    const std::string program = find_program(options.argv[0]);
    auto argv = pointers(arguments);
    auto envp = pointers(variables);
    int report[2];
    if (::pipe2(report, O_CLOEXEC) != 0) return fail("io.spawn", std::strerror(errno));
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
        const int number = become(options, streams, program.c_str(), argv.data(), envp.data(), parent, report[1]);
        [[maybe_unused]] const auto written = ::write(report[1], &number, sizeof number);
        ::_exit(127);
    }
    ::close(report[1]);
    int number = pid < 0 ? errno : 0;
    if (pid > 0) {
        while (::read(report[0], &number, sizeof number) < 0 && errno == EINTR) {
        }
    }
    ::close(report[0]);
    if (number == 0) return pid;
    if (pid > 0) ::waitpid(pid, nullptr, 0);
    return fail("io.spawn", fmt::format("{} cannot be started: {}", options.argv[0], std::strerror(number)));
}

std::optional<std::string> stat_line(pid_t pid) {
    auto text = read_file(fmt::format("/proc/{}/stat", pid));
    if (!text) return std::nullopt;
    return std::move(*text);
}

/// Parent and state from /proc/<pid>/stat; the name in it may hold anything, so read from its closing parenthesis.
struct Stat {
    pid_t parent = 0;
    char state = '?';
};
std::optional<Stat> stat_of(pid_t pid) {
    const auto line = stat_line(pid);
    if (!line) return std::nullopt;
    const auto end = line->rfind(')');
    if (end == std::string::npos || end + 4 >= line->size()) return std::nullopt;
    Stat stat;
    stat.state = (*line)[end + 2];
    stat.parent = static_cast<pid_t>(std::strtol(line->c_str() + end + 4, nullptr, 10));
    return stat;
}

template <class Visit>
void for_each_process(Visit visit) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (bad == std::errc() && end == name.data() + name.size()) visit(pid);
    }
}

}  // namespace

Result<User> User::find(const std::string& name) {
    const passwd* found = ::getpwnam(name.c_str());
    if (found == nullptr) return fail("io.no-user", fmt::format("no user \"{}\" on this machine", name));
    return User{.name = name, .uid = found->pw_uid, .gid = found->pw_gid};
}

Result<pid_t> spawn(const SpawnOptions& options) {
    Streams streams;
    streams.in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    streams.out = options.output.empty()
                      ? ::open("/dev/null", O_WRONLY | O_CLOEXEC)
                      : ::open(options.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (streams.out < 0) {
        const int number = errno;
        ::close(streams.in);
        return fail("io.spawn", fmt::format("{}: {}", options.output.string(), std::strerror(number)));
    }
    streams.err = streams.out;
    auto pid = start(options, streams);
    ::close(streams.in);
    ::close(streams.out);
    return pid;
}

Result<ProcessOutput> run(const SpawnOptions& options, Duration limit) {
    int out[2];
    int err[2];
    if (::pipe2(out, O_CLOEXEC) != 0) return fail("io.spawn", std::strerror(errno));
    if (::pipe2(err, O_CLOEXEC) != 0) {
        ::close(out[0]);
        ::close(out[1]);
        return fail("io.spawn", std::strerror(errno));
    }
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const auto pid = start(options, {.in = nothing, .out = out[1], .err = err[1]});
    for (const int descriptor : {nothing, out[1], err[1]}) ::close(descriptor);
    ProcessOutput output;
    const Deadline deadline = Deadline::after(limit);
    bool late = false;
    pollfd streams[2] = {
        {.fd = out[0], .events = POLLIN, .revents = 0}, {.fd = err[0], .events = POLLIN, .revents = 0}
    };
    // A grandchild that goes on may hold the pipes open (a server that was started): its parent's end is enough.
    int status = 0;
    pid_t gone = 0;
    while (pid && (streams[0].fd >= 0 || streams[1].fd >= 0)) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.remaining());
        if (left == 0ms) {
            late = true;
            break;
        }
        const int ready = ::poll(streams, 2, static_cast<int>(std::min(left, 50ms).count()));
        if (ready == 0) {
            if (gone == 0) gone = ::waitpid(*pid, &status, WNOHANG);
            if (gone > 0) break;
            continue;
        }
        for (int i = 0; i < 2; ++i) {
            if ((streams[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
            char buffer[65536];
            const ssize_t count = ::read(streams[i].fd, buffer, sizeof buffer);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) {
                streams[i].fd = -1;
                continue;
            }
            std::string& text = i == 0 ? output.out : output.err;
            const std::size_t room = (i == 0 ? 16u << 20 : 1u << 20) - text.size();
            text.append(buffer, std::min(static_cast<std::size_t>(count), room));
        }
    }
    ::close(out[0]);
    ::close(err[0]);
    if (!pid) return fail(pid.error());
    while (gone == 0 && !late) {
        gone = ::waitpid(*pid, &status, WNOHANG);
        if (gone == 0 && deadline.passed()) late = true;
        if (gone == 0 && !late) std::this_thread::sleep_for(1ms);
    }
    if (late) {
        kill_tree(*pid, AndRoot::yes, 5s);
        ::waitpid(*pid, &status, 0);
        return fail(
            "io.timeout", fmt::format("{} did not end within {} ms and was killed", options.argv[0], limit / 1ms)
        );
    }
    output.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return output;
}

std::vector<pid_t> descendants(pid_t root) {
    std::map<pid_t, std::vector<pid_t>> children;
    for_each_process([&](pid_t pid) {
        if (const auto stat = stat_of(pid)) children[stat->parent].push_back(pid);
    });
    std::vector<pid_t> found{root};
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto below = children.find(found[i]);
        if (below != children.end()) found.insert(found.end(), below->second.begin(), below->second.end());
    }
    found.erase(found.begin());
    return found;
}

void become_subreaper() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

bool kill_tree(pid_t root, AndRoot and_root, Duration limit) {
    if (and_root == AndRoot::yes) ::kill(root, SIGSTOP);  // or it would start again what we kill
    const Deadline deadline = Deadline::after(limit);
    std::set<pid_t> killed;
    for (;;) {
        std::vector<pid_t> left;
        for (const pid_t pid : descendants(root)) {
            if (is_running(pid)) left.push_back(pid);
        }
        if (left.empty()) break;
        for (const pid_t pid : left) ::kill(pid, SIGSTOP);
        for (const pid_t pid : left) ::kill(pid, SIGKILL);
        killed.insert(left.begin(), left.end());
        if (deadline.passed()) break;
        std::this_thread::sleep_for(500us);
    }
    if (and_root == AndRoot::yes) {
        ::kill(root, SIGKILL);
        killed.insert(root);
    }
    // With the root gone, an orphan that we missed would belong to somebody else: so ask for each that we knew.
    const auto all_gone = [&] { return std::ranges::none_of(killed, is_running); };
    while (!all_gone() && !deadline.passed()) std::this_thread::sleep_for(500us);
    return all_gone();
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

bool is_running(pid_t pid) {
    const auto stat = stat_of(pid);
    return stat && stat->state != 'Z' && stat->state != 'X';
}

std::optional<std::string> who_listens(const std::string& address, int port) {
    in_addr wanted{};
    if (::inet_pton(AF_INET, address.c_str(), &wanted) != 1) return std::nullopt;
    std::string inode;
    for (const char* table : {"/proc/net/tcp", "/proc/net/udp", "/proc/net/tcp6", "/proc/net/udp6"}) {
        const bool tcp = std::string_view(table).find("tcp") != std::string_view::npos;
        std::ifstream lines(table);
        std::string line;
        std::getline(lines, line);
        while (std::getline(lines, line)) {
            std::istringstream fields(line);
            std::string slot, local, remote, state, skipped, number;
            fields >> slot >> local >> remote >> state >> skipped >> skipped >> skipped >> skipped >> skipped >> number;
            if (tcp && state != "0A") continue;  // TCP_LISTEN
            const auto colon = local.find(':');
            if (colon == std::string::npos || std::strtol(local.c_str() + colon + 1, nullptr, 16) != port) continue;
            const std::string bound = local.substr(0, colon);
            const bool any = bound.find_first_not_of('0') == std::string::npos;
            const bool same = bound.size() == 8 && std::strtoul(bound.c_str(), nullptr, 16) == wanted.s_addr;
            if (any || same) inode = number;
        }
        if (!inode.empty()) break;
    }
    if (inode.empty()) return std::nullopt;
    const std::string link = "socket:[" + inode + "]";
    std::string who = "another process";
    for_each_process([&](pid_t pid) {
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", pid), ignored)) {
            std::error_code unreadable;
            if (fs::read_symlink(entry.path(), unreadable) != link) continue;
            auto name = read_file(fmt::format("/proc/{}/comm", pid)).value_or("?");
            while (!name.empty() && name.back() == '\n') name.pop_back();
            who = fmt::format("{} (process {})", name, pid);
            return;
        }
    });
    return who;
}

}  // namespace cloudshelf::io
