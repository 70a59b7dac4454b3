#include "region/fencer/fencer.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/log.hpp"
#include "io/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf::region {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration look_interval = 20ms;  // how often a server that should not write is looked at

int listen_at(const fs::path& path) {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{.sun_family = AF_UNIX};
    const std::string text = path;
    if (text.size() >= sizeof address.sun_path) return -1;
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    ::unlink(text.c_str());
    if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
    ::chmod(text.c_str(), 0600);
    return ::listen(descriptor, 8) == 0 ? descriptor : -1;
}

}  // namespace

bool Fencer::can_write() const {
    return !fs::exists(options_.pgdata / "standby.signal");
}

std::string Fencer::start(bool as_primary) {
    if (postmaster_ != 0) return fmt::format("ok running {}", postmaster_);
    if (as_primary == fs::exists(options_.pgdata / "standby.signal")) {
        return as_primary ? "refused: standby.signal is there: this is a standby"
                          : "refused: no standby.signal: this server would accept writes";
    }
    if (as_primary && !page_.may_write(io::now() + options_.margin)) {
        return "refused: the lease page does not allow writes here";
    }
    std::error_code ignored;
    fs::remove(options_.pgdata / "postmaster.pid", ignored);  // nothing of this cluster runs: we would be its parent
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
    const auto pid = io::spawn(spawn);
    if (!pid) return "refused: " + pid.error().message;
    postmaster_ = *pid;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(*pid), 0);  // our priority is not the server's
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
    for (;;) {
        reap();
        const Duration wait = guard();
        pollfd events[2] = {
            {.fd = signal_events, .events = POLLIN, .revents = 0}, {.fd = listener, .events = POLLIN, .revents = 0}
        };
        const timespec patience{.tv_sec = wait / 1s, .tv_nsec = (wait % 1s).count()};
        if (::ppoll(events, 2, &patience, nullptr) <= 0) continue;
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
        if (events[1].revents != 0) {
            const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) continue;
            const timeval patient{.tv_sec = 0, .tv_usec = 50'000};  // whoever asks has its line ready
            ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patient, sizeof patient);
            char buffer[256];
            const ssize_t count = ::recv(client, buffer, sizeof buffer, 0);
            if (count > 0) {
                const std::string answer = obey(std::string(buffer, static_cast<std::size_t>(count))) + "\n";
                ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
            }
            ::close(client);
        }
    }
}

}  // namespace cloudshelf::region
