#include "cli/probe_peers.hpp"

#include "io/background.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <sched.h>
#include <sstream>
#include <sys/mman.h>
#include <sys/prctl.h>
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

std::string httpchk(const io::Endpoint& endpoint, const std::string& path) {
    return fmt::format(
        "    option httpchk\n    http-check send meth GET uri {} ver HTTP/1.1 hdr Host {}\n", path, endpoint.text()
    );
}

std::string haproxy_config(const HaproxyChecks& checks) {
    std::string text = fmt::format(
        "global\n    nbthread 1\n    maxconn 1000\n"
        "defaults\n    mode {}\n    timeout connect 4s\n    timeout client 5s\n    timeout server 5s\n"
        "    timeout check 2s\n"
        "frontend unused\n    bind 127.230.0.3:8101\n    default_backend probed\n"  // it does not start without one
        "backend probed\n{}",
        checks.mode,
        checks.options
    );
    for (int i = 0; i < checks.count; ++i)
        text += fmt::format(
            "    server s{} {} check inter {}ms {}\n",
            i,
            checks.endpoint.text(),
            checks.interval / 1ms,
            checks.of_server
        );
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
