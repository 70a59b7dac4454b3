#include "cli/probe_peers.hpp"

#include "io/background.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <sched.h>
#include <sstream>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cloudshelf::cli {

using namespace std::chrono_literals;

namespace {

/// Children and threads made while this lives are on `core` too.
class OnCore {
public:
    explicit OnCore(int core) {
        ::sched_getaffinity(0, sizeof before_, &before_);
        if (core == any_core) return;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<std::size_t>(core), &one);
        ::sched_setaffinity(0, sizeof one, &one);
    }
    ~OnCore() { ::sched_setaffinity(0, sizeof before_, &before_); }

private:
    cpu_set_t before_{};
};

}  // namespace

Result<Child> Child::run(int core, const std::function<void()>& work) {
    const OnCore pinned(core);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return fail("io.spawn", std::strerror(errno));
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() == parent) work();
        ::_exit(1);
    }
    return Child(pid);
}

Result<Child> Child::start(int core, std::vector<std::string> argv, const std::filesystem::path& output) {
    const OnCore pinned(core);
    const auto pid = io::spawn({.argv = std::move(argv), .output = output, .death_signal = SIGKILL});
    if (!pid) return fail(pid.error());
    return Child(*pid);
}

Child::~Child() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

bool Child::is_running() const {
    return io::is_running(pid_);
}

Duration Child::cpu_time() const {
    const std::string line = io::read_file(fmt::format("/proc/{}/stat", pid_)).value_or("");
    const auto after_name = line.rfind(')');
    if (after_name == std::string::npos) return {};
    std::istringstream fields(line.substr(after_name + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;  // state to cmajflt, proc(5)
    std::int64_t user = 0;
    std::int64_t system = 0;
    fields >> user >> system;
    return (user + system) * Duration(1s) / ::sysconf(_SC_CLK_TCK);
}

std::uint64_t Child::resident_bytes() const {
    std::istringstream fields(io::read_file(fmt::format("/proc/{}/statm", pid_)).value_or(""));
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    fields >> size >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

Counters& Counters::shared() {
    static Counters* const counters = [] {
        void* memory = ::mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        return new (memory) Counters{};
    }();
    return *counters;
}

namespace {

/// Reads what is there and answers the requests in it. False when the connection is over.
bool serve(int connection, Counters& counters) {
    static constexpr std::string_view answer =
        "HTTP/1.1 200 OK\r\nServer: responder\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
    std::array<char, 4096> buffer;
    const ssize_t size = ::recv(connection, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    const std::string_view request(buffer.data(), static_cast<std::size_t>(size));
    if (!request.ends_with("\r\n\r\n")) return false;  // ours and our peers' requests come whole, in one packet
    counters.requests.fetch_add(1, std::memory_order_relaxed);
    if (::send(connection, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return false;
    return !request.contains("onnection: close");
}

}  // namespace

void respond(const io::Endpoint& listen, Counters& counters) {
    sockaddr_in at{.sin_family = AF_INET, .sin_port = htons(listen.port)};
    ::inet_pton(AF_INET, listen.address.c_str(), &at.sin_addr);
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || ::listen(listener, 4096) != 0)
        return;
    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    const auto watch = [&](int descriptor) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
        ::epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event);
    };
    watch(listener);
    std::array<epoll_event, 256> events;
    for (;;) {
        const int count = ::epoll_wait(loop, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const int ready = events[static_cast<std::size_t>(i)].data.fd;
            if (ready != listener) {
                if (!serve(ready, counters)) ::close(ready);
                continue;
            }
            for (int made; (made = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
                watch(made);
        }
    }
}

std::string haproxy_config(const io::Endpoint& endpoint, const std::string& path, int checks, Duration interval) {
    std::string text = fmt::format(
        "global\n    nbthread 1\n    maxconn 1000\n"
        "defaults\n    mode http\n    timeout connect 4s\n    timeout client 5s\n    timeout server 5s\n"
        "    timeout check 2s\n"
        "frontend unused\n    bind 127.230.0.3:8101\n    default_backend probed\n"  // it does not start without one
        "backend probed\n    option httpchk\n    http-check send meth GET uri {} ver HTTP/1.1 hdr Host {}\n",
        path,
        endpoint.text()
    );
    for (int i = 0; i < checks; ++i)
        text += fmt::format("    server s{} {} check inter {}ms\n", i, endpoint.text(), interval / 1ms);
    return text;
}

void drive_blackbox(const io::Endpoint& exporter, const std::string& url, int at_once) {
    boost::asio::io_context loop(1);
    io::HttpClient client(loop.get_executor());
    const auto drive = [](io::HttpClient* ask, io::Endpoint at, std::string target) -> io::Task<void> {
        for (;;) {
            io::HttpRequest request{.target = target};
            const auto answer = co_await ask->send(at, std::move(request), io::Deadline::after(5s));
            if (!answer) co_await io::wait_for(10ms);  // not up yet
        }
    };
    for (int i = 0; i < at_once; ++i)
        io::run_in_background(loop.get_executor(), drive(&client, exporter, "/probe?module=http_2xx&target=" + url));
    loop.run();
}

}  // namespace cloudshelf::cli
