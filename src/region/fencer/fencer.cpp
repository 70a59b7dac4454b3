#include "region/fencer/fencer.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/log.hpp"
#include "io/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf::region {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t clients_max = 16;
constexpr Duration look_interval = 20ms;  // how often a server that should not write is looked at

int listen_at(const fs::path& path) {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{.sun_family = AF_UNIX};
    const std::string text = path;
    if (text.size() >= sizeof address.sun_path) return -1;
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    ::unlink(text.c_str());
    if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
    ::chmod(text.c_str(), 0600);
    return ::listen(descriptor, 8) == 0 ? descriptor : -1;
}

/// Processes at work in a data folder: every PostgreSQL process has it as its working directory.
struct AtWork {
    std::vector<pid_t> servers;
    bool others = false;  // single-user or bootstrap mode: somebody's maintenance, not a server
};
AtWork at_work_in(const fs::path& pgdata) {
    AtWork found;
    std::error_code ignored;
    const fs::path folder = fs::canonical(pgdata, ignored);
    if (folder.empty()) return found;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        const pid_t pid = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
        if (pid <= 0) continue;
        std::error_code unreadable;
        if (fs::read_symlink(entry.path() / "cwd", unreadable) != folder) continue;
        const std::string command = io::read_file(entry.path() / "cmdline").value_or("");
        const bool maintenance = command.find("--single") != std::string::npos ||
                                 command.find("--boot") != std::string::npos ||
                                 command.find("--check") != std::string::npos;
        if (maintenance) {
            found.others = true;
        } else if (command.find("postgres") != std::string::npos) {
            found.servers.push_back(pid);
        }
    }
    return found;
}

/// Maps our own user and group into a user namespace just entered, so that nothing but the namespace changes.
void keep_identity(uid_t uid, gid_t gid) {
    const auto write_to = [](const char* path, const std::string& text) {
        const int descriptor = ::open(path, O_WRONLY | O_CLOEXEC);
        if (descriptor < 0) return;
        [[maybe_unused]] const auto written = ::write(descriptor, text.data(), text.size());
        ::close(descriptor);
    };
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", fmt::format("{0} {0} 1", uid));
    write_to("/proc/self/gid_map", fmt::format("{0} {0} 1", gid));
}

/// The first process of the cluster's namespace: starts the postmaster, hands on signals, reaps, and ends with it. With
/// its end, whatever the reason, the kernel kills all processes of the namespace.
[[noreturn]] void be_first_process(const io::SpawnOptions& spawn, int fencer_alive, int report) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pollfd alive{.fd = fencer_alive, .events = POLLIN, .revents = 0};
    if (::poll(&alive, 1, 0) != 0) ::_exit(1);  // the fencer was gone before the line above
    ::setpriority(PRIO_PROCESS, 0, 0);          // the fencer's priority is not the server's
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&signals, signal);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    const auto postmaster = io::spawn(spawn);
    const std::string said = postmaster ? "+" : "-" + postmaster.error().message;
    [[maybe_unused]] const auto written = ::write(report, said.data(), said.size());
    ::close(report);
    if (!postmaster) ::_exit(1);
    for (;;) {
        siginfo_t info{};
        const int signal = ::sigwaitinfo(&signals, &info);
        if (signal == SIGINT || signal == SIGTERM) ::kill(*postmaster, signal);
        int status = 0;
        for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
            if (pid == *postmaster) ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        }
    }
}

}  // namespace

bool Fencer::can_write() const {
    return !fs::exists(options_.pgdata / "standby.signal");
}

void Fencer::forget_lock_file() {
    const fs::path lock = options_.pgdata / "postmaster.pid";
    const auto text = io::read_file(lock);
    if (!text) return;
    // Its seventh line: key and id of the shared memory that PostgreSQL would have removed itself.
    std::istringstream lines(*text);
    std::string line;
    for (int i = 0; i < 7 && std::getline(lines, line); ++i) {
    }
    std::istringstream words(line);
    long key = 0;
    int id = -1;
    shmid_ds memory{};
    if (words >> key >> id && ::shmctl(id, IPC_STAT, &memory) == 0 && memory.shm_nattch == 0 &&
        static_cast<unsigned>(memory.shm_perm.__key) == static_cast<unsigned>(key)) {
        ::shmctl(id, IPC_RMID, nullptr);
    }
    std::error_code ignored;
    fs::remove(lock, ignored);
}

bool Fencer::clear_leftovers() {
    const auto limit = io::Deadline::after(5s);
    for (;;) {
        const AtWork found = at_work_in(options_.pgdata);
        if (found.servers.empty()) {
            if (!found.others) forget_lock_file();
            return !found.others;
        }
        for (const pid_t pid : found.servers) ::kill(pid, SIGKILL);
        if (limit.passed()) return false;
        io::log(io::Level::warning, "fencer.leftovers-killed", {{"count", std::to_string(found.servers.size())}});
        std::this_thread::sleep_for(1ms);
    }
}

Result<pid_t> Fencer::spawn_cluster(const io::SpawnOptions& spawn) {
    const auto without_namespace = [&](const char* why) {
        io::log(io::Level::info, "fencer.no-namespace", {{"why", why}});
        const auto postmaster = io::spawn(spawn);
        if (postmaster) ::setpriority(PRIO_PROCESS, static_cast<id_t>(*postmaster), 0);
        return postmaster;
    };
    if (options_.own_namespace == OwnNamespace::no) return without_namespace("not wanted");
    int alive[2];
    int report[2];
    if (::pipe2(alive, O_CLOEXEC) != 0) return fail("fencer.spawn", std::strerror(errno));
    if (::pipe2(report, O_CLOEXEC) != 0) {
        ::close(alive[0]);
        ::close(alive[1]);
        return fail("fencer.spawn", std::strerror(errno));
    }
    const uid_t uid = ::geteuid();
    const gid_t gid = ::getegid();
    // Root makes a process namespace as it is; others need a user namespace around it.
    const unsigned long flags = CLONE_NEWPID | (uid == 0 ? 0UL : static_cast<unsigned long>(CLONE_NEWUSER));
    const pid_t pid = static_cast<pid_t>(::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (pid == 0) {
        ::close(alive[1]);
        ::close(report[0]);
        if (uid != 0) keep_identity(uid, gid);
        be_first_process(spawn, alive[0], report[1]);
    }
    const int problem = pid < 0 ? errno : 0;
    ::close(alive[0]);
    ::close(report[1]);
    std::string said;
    char buffer[512];
    for (ssize_t count = 0; pid > 0 && (count = ::read(report[0], buffer, sizeof buffer)) > 0;)
        said.append(buffer, static_cast<std::size_t>(count));
    ::close(report[0]);
    ::close(alive[1]);
    if (said.starts_with("+")) return pid;
    if (pid > 0) ::waitpid(pid, nullptr, 0);
    if (said.starts_with("-")) return fail("fencer.spawn", said.substr(1));
    return without_namespace(std::strerror(problem));
}

std::string Fencer::start(bool as_primary) {
    if (postmaster_ != 0) return fmt::format("ok running {}", postmaster_);
    if (as_primary == fs::exists(options_.pgdata / "standby.signal")) {
        return as_primary ? "refused: standby.signal is there: this is a standby"
                          : "refused: no standby.signal: this server would accept writes";
    }
    const auto unfinished = io::read_file(options_.pgconf / "rejoin.json");
    const bool half_done = unfinished ? unfinished->find("\"phase\":\"export\"") == std::string::npos
                                      : unfinished.error().code != "io.no-file";
    if (half_done) return "refused: a rewind or clone of this data folder did not end; the agent clones it anew";
    if (as_primary && !page_.may_write(io::now() + options_.margin)) {
        return "refused: the lease page does not allow writes here";
    }
    if (!clear_leftovers()) return "refused: another process works on the data folder";
    io::SpawnOptions spawn;
    spawn.argv = {
        options_.programs / "postgres",
        "-D",
        options_.pgdata,
        "-c",
        fmt::format("config_file={}", (options_.pgconf / "postgresql.conf").string())
    };
    spawn.clean_env = true;
    spawn.output = options_.log;
    spawn.death_signal = SIGKILL;  // without its fencer there is no server
    if (!options_.user.empty()) {
        auto user = io::User::find(options_.user);
        if (!user) return "refused: " + user.error().message;
        spawn.run_as = std::move(*user);
    }
    const auto pid = spawn_cluster(spawn);
    if (!pid) return "refused: " + pid.error().message;
    postmaster_ = *pid;
    io::log(
        io::Level::info, "fencer.started", {{"pid", std::to_string(*pid)}, {"as", as_primary ? "primary" : "standby"}}
    );
    return fmt::format("ok running {}", *pid);
}

std::string Fencer::kill_all(const char* reason, Duration limit) {
    const TimePoint began = io::now();
    const io::LeaseView lease = page_.read();
    if (postmaster_ != 0) ::kill(postmaster_, SIGSTOP);  // it forks no more
    bool none_left = false;
    while (!none_left && io::now() - began < limit) {
        for (const pid_t pid : io::descendants(::getpid())) ::kill(pid, SIGKILL);
        for (;;) {
            const pid_t gone = ::waitpid(-1, nullptr, WNOHANG);
            if (gone < 0 && errno == ECHILD) none_left = true;  // the proof: no child is left, of any generation
            if (gone <= 0) break;
        }
        if (!none_left) std::this_thread::sleep_for(200us);
    }
    postmaster_ = none_left ? 0 : postmaster_;
    if (none_left) forget_lock_file();
    const TimePoint ended = io::now();
    const boost::json::object line{
        {"reason", reason},
        {"epoch", lease.epoch.value()},
        {"deadline_ns", lease.deadline.time_since_epoch().count()},
        {"at_ns", began.time_since_epoch().count()},
        {"gone_ns", ended.time_since_epoch().count()},
        {"all_gone", none_left},
    };
    if (auto file = io::AppendFile::open(options_.fences)) {
        [[maybe_unused]] const auto noted = file->append(boost::json::serialize(line) + "\n", io::AppendFile::Sync::no);
    }
    io::log(
        none_left ? io::Level::warning : io::Level::error,
        "fencer.fenced",
        {{"reason", reason},
         {"took_us", std::to_string((ended - began) / 1us)},
         {"epoch", std::to_string(lease.epoch.value())}}
    );
    return none_left ? "ok stopped" : "failed: some processes of the cluster are still there";
}

std::string Fencer::stop_fast(Duration limit) {
    if (postmaster_ == 0) return "ok stopped";
    ::kill(postmaster_, SIGINT);  // fast shutdown (PostgreSQL 15, 19.5)
    const auto deadline = io::Deadline::after(limit);
    while (postmaster_ != 0 && !deadline.passed()) {
        reap();
        // A lease that runs out meanwhile ends this, as it ends everything.
        if (postmaster_ != 0) guard();
        if (postmaster_ != 0) std::this_thread::sleep_for(1ms);
    }
    return postmaster_ == 0 ? "ok stopped" : "failed: still running at the limit";
}

void Fencer::reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid != postmaster_) continue;
        io::log(io::Level::warning, "fencer.postmaster-ended", {{"status", std::to_string(status)}});
        // Backends outlive a postmaster that was killed, and go on acknowledging: end them all, now.
        kill_all("postmaster ended", 5s);
        postmaster_ = 0;
    }
}

Duration Fencer::guard() {
    if (postmaster_ == 0) return 1s;
    if (!can_write()) return look_interval;  // a standby; but a promotion may come
    const io::LeaseView lease = page_.read();
    const bool allowed = lease.state == io::WriteState::writing || lease.state == io::WriteState::paused;
    const TimePoint now = io::now();
    const TimePoint fence_at = lease.deadline - options_.margin;
    if (allowed && now < fence_at) return std::min<Duration>(fence_at - now, look_interval);
    kill_all(allowed ? "lease ran out" : "writes are not allowed here", 5s);
    return 1s;
}

std::string Fencer::obey(const std::string& command) {
    std::istringstream words(command);
    std::string verb;
    long argument = 10000;
    words >> verb >> argument;
    if (verb == "start-standby") return start(false);
    if (verb == "start-primary") return start(true);
    if (verb == "stop-fast") return stop_fast(std::chrono::milliseconds(argument));
    if (verb == "kill") return kill_all("asked to", 5s);
    if (verb == "status") return postmaster_ == 0 ? "ok stopped" : fmt::format("ok running {}", postmaster_);
    return "refused: expected start-standby, start-primary, stop-fast, kill or status";
}

int Fencer::run() {
    io::become_subreaper();
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&signals, signal);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    const int signal_events = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    const int listener = listen_at(options_.socket);
    if (listener < 0) {
        fmt::print(stderr, "fencer: {}: cannot listen: {}\n", options_.socket.string(), std::strerror(errno));
        return EXIT_FAILURE;
    }
    clear_leftovers();  // before anything else: they may still be writing
    for (;;) {
        reap();
        const Duration wait = guard();
        std::vector<pollfd> events = {
            {.fd = signal_events, .events = POLLIN, .revents = 0}, {.fd = listener, .events = POLLIN, .revents = 0}
        };
        for (const Client& client : clients_)
            events.push_back({.fd = client.descriptor, .events = POLLIN, .revents = 0});
        const timespec patience{.tv_sec = wait / 1s, .tv_nsec = (wait % 1s).count()};
        if (::ppoll(events.data(), events.size(), &patience, nullptr) <= 0) continue;
        if (events[0].revents != 0) {
            signalfd_siginfo info{};
            bool asked_to_end = false;
            while (::read(signal_events, &info, sizeof info) == sizeof info) asked_to_end |= info.ssi_signo != SIGCHLD;
            if (asked_to_end) {
                if (stop_fast(5s) != "ok stopped") kill_all("asked to end", 5s);
                ::unlink(options_.socket.c_str());
                return EXIT_SUCCESS;
            }
        }
        for (std::size_t i = 2; i < events.size(); ++i) {
            if (events[i].revents != 0) serve(clients_[i - 2]);
        }
        std::erase_if(clients_, [](const Client& client) { return client.descriptor < 0; });
        if (events[1].revents != 0) {
            const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (descriptor < 0) continue;
            if (clients_.size() == clients_max) {  // the oldest had its chance
                ::close(clients_.front().descriptor);
                clients_.erase(clients_.begin());
            }
            clients_.push_back({.descriptor = descriptor});
        }
    }
}

void Fencer::serve(Client& client) {
    char buffer[256];
    const ssize_t count = ::recv(client.descriptor, buffer, sizeof buffer, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) client.line.append(buffer, static_cast<std::size_t>(count));
    const auto end = client.line.find('\n');
    if (count > 0 && end == std::string::npos && client.line.size() < sizeof buffer) return;
    if (end != std::string::npos) {
        const std::string answer = obey(client.line.substr(0, end)) + "\n";
        ::send(client.descriptor, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    ::close(client.descriptor);
    client.descriptor = -1;
}

}  // namespace cloudshelf::region
