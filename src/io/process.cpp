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
#include <sys/syscall.h>
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
    if (options.only_env) {
        all.clear();
    } else if (options.clean_env) {
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

/// What the child needs, made before there is one: its memory is ours until the exec.
struct Prepared {
    const SpawnOptions* options = nullptr;
    Streams streams;
    std::string program;
    std::vector<char*> argv;
    std::vector<char*> envp;
    std::vector<gid_t> groups;
    pid_t parent = 0;
    int report = -1;
};

std::vector<gid_t> groups_of(const User& user) {
    std::vector<gid_t> groups{user.gid};
    if (user.name.empty()) return groups;
    int count = 64;
    for (int size = 0; size < count;) {
        size = count;
        groups.resize(static_cast<std::size_t>(size));
        if (::getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) >= 0) break;
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

bool join(const char* control_group) {
    const int file = ::open(control_group, O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    const bool joined = ::write(file, "0", 1) == 1;
    const int number = errno;
    ::close(file);
    errno = number;
    return joined;
}

/// System calls themselves: the library's functions would ask all threads to follow, and those are our parent's.
bool change_user(const User& user, const std::vector<gid_t>& groups) {
    return ::syscall(SYS_setgroups, groups.size(), groups.data()) == 0 &&
           ::syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
           ::syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0;
}

/// A handler of ours that ran in the child would run in our memory; what is ignored stays ignored over the exec.
void forget_handlers() {
    for (int number = 1; number <= SIGRTMAX; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Whether what was refused is the program, not what it was to be started with.
struct Refusal {
    int number = 0;
    bool of_program = false;
};

/// In the child, between vfork and exec: only what is safe there, and nothing of ours is changed.
Refusal become(const Prepared& prepared) {
    const SpawnOptions& options = *prepared.options;
    if (options.new_session) ::setsid();
    if (options.death_signal != 0) {
        ::prctl(PR_SET_PDEATHSIG, options.death_signal);
        if (::getppid() != prepared.parent) ::_exit(126);
    }
    const Streams& streams = prepared.streams;
    for (const auto& [from, to] : {std::pair{streams.in, 0}, {streams.out, 1}, {streams.err, 2}}) {
        if (::dup2(from, to) < 0) return {errno};
    }
    if (!options.control_group.empty() && !join(options.control_group.c_str())) return {errno};
    for (const auto& limit : options.limits) {
        const rlimit both{limit.value, limit.value};
        if (::setrlimit(static_cast<__rlimit_resource>(limit.resource), &both) != 0) return {errno};
    }
    if (options.run_as) {
        if (!change_user(*options.run_as, prepared.groups)) return {errno};
        // Changing the user clears the death signal (prctl(2)).
        if (options.death_signal != 0) ::prctl(PR_SET_PDEATHSIG, options.death_signal);
    }
    if (options.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return {errno};
    if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) return {errno, true};
    forget_handlers();
    ::fcntl(prepared.report, F_SETFD, FD_CLOEXEC);
    ::close_range(3, static_cast<unsigned>(prepared.report) - 1, 0);
    ::close_range(static_cast<unsigned>(prepared.report) + 1, ~0U, 0);
    ::execve(prepared.program.c_str(), prepared.argv.data(), prepared.envp.data());
    return {errno, true};
}

/// No signal reaches a handler in the child while its memory is ours.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;

private:
    sigset_t before_;
};

[[gnu::noinline]] pid_t start_child(const Prepared& prepared) {
    const SignalsBlocked blocked;
    const pid_t pid = ::vfork();
    if (pid != 0) return pid;
    const Refusal refusal = become(prepared);
    [[maybe_unused]] const auto written = ::write(prepared.report, &refusal, sizeof refusal);
    ::_exit(127);
}

Result<pid_t> start(const SpawnOptions& options, const Streams& streams) {
    if (options.argv.empty()) return fail("io.spawn", "no program named");
    std::vector<std::string> arguments = options.argv;
    std::vector<std::string> variables = environment(options);
    Prepared prepared{
        .options = &options,
        .streams = streams,
        .program = find_program(options.argv[0]),
        .argv = pointers(arguments),
        .envp = pointers(variables),
        .parent = ::getpid(),
    };
    if (options.run_as) prepared.groups = groups_of(*options.run_as);
    int report[2];
    if (::pipe2(report, O_CLOEXEC) != 0) return fail("io.spawn", std::strerror(errno));
    prepared.report = report[1];
    const pid_t pid = start_child(prepared);
    Refusal refusal{.number = pid < 0 ? errno : 0};
    ::close(report[1]);
    if (pid > 0) {
        while (::read(report[0], &refusal, sizeof refusal) < 0 && errno == EINTR) {
        }
    }
    ::close(report[0]);
    if (refusal.number == 0) return pid;
    if (pid > 0) ::waitpid(pid, nullptr, 0);
    return fail(Error{
        .code = "io.spawn",
        .message = fmt::format("{} cannot be started: {}", options.argv[0], std::strerror(refusal.number)),
        .retryable = !refusal.of_program,
    });
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
    if (options.output_descriptor >= 0) {
        streams.out = streams.err = options.output_descriptor;
        auto pid = start(options, streams);
        ::close(streams.in);
        return pid;
    }
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

bool has_variable(pid_t pid, std::string_view begin) {
    const auto variables = read_file(fmt::format("/proc/{}/environ", pid));
    if (!variables) return false;
    const std::string_view text = *variables;
    for (std::size_t at = 0; at < text.size(); at = std::min(text.find('\0', at), text.size() - 1) + 1) {
        if (text.substr(at).starts_with(begin)) return true;
    }
    return false;
}

std::optional<uid_t> user_of(pid_t pid) {
    const auto status = read_file(fmt::format("/proc/{}/status", pid));
    const auto at = status ? status->find("\nUid:\t") : std::string::npos;
    if (at == std::string::npos) return std::nullopt;
    return static_cast<uid_t>(std::strtoul(status->c_str() + at + 6, nullptr, 10));
}

bool kill_where(const std::function<bool(pid_t)>& belongs, Duration limit) {
    const Deadline deadline = Deadline::after(limit);
    for (;;) {
        std::vector<pid_t> left;
        for_each_process([&](pid_t pid) {
            if (pid != ::getpid() && belongs(pid) && is_running(pid)) left.push_back(pid);
        });
        if (left.empty()) return true;
        for (const pid_t pid : left) ::kill(pid, SIGSTOP);  // or some would start again what we kill
        for (const pid_t pid : left) ::kill(pid, SIGKILL);
        if (deadline.passed()) return false;
        std::this_thread::sleep_for(500us);
    }
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
