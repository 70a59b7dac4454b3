// What an invocation costs above the function itself: a host on this thread, processes that echo.
//
//   environments_bench [--seconds 3]
#include "base/statistics.hpp"
#include "io/background.hpp"
#include "io/clock.hpp"
#include "region/environments/host.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <vector>

namespace cloudshelf::functions {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Duration measured = 3s;

std::shared_ptr<Runnable> probe(const fs::path& folder, const std::string& function) {
    auto code = std::make_shared<Runnable>();
    code->function = function;
    code->version = "1";
    code->revision = "r";
    code->root = folder / "package";
    return code;
}

Invocation invocation() {
    static std::uint64_t number = 0;
    return {
        .request_id = fmt::format("00000000-0000-4000-8000-{:012}", ++number),
        .arn = "arn:aws:lambda:us-east-1:000000000000:function:probe",
        .payload = R"({"key":"value"})",
    };
}

void check(const Result<Outcome>& outcome) {
    if (outcome && !outcome->function_error) return;
    fmt::print(stderr, "{}\n", outcome ? outcome->payload : outcome.error().message);
    std::_Exit(1);
}

void line(std::string_view what, std::vector<double> microseconds, Duration took) {
    const auto sum = summarize(std::move(microseconds));
    const double per_second = static_cast<double>(sum.n) / std::chrono::duration<double>(took).count();
    fmt::print(
        "{:<44} {:>8} {:>9.0f} {:>9.0f} {:>9.0f} {:>9.0f}\n", what, sum.n, per_second, sum.median, sum.p99, sum.max
    );
}

struct Samples {
    std::vector<double> microseconds;
    std::size_t open = 0;
};

io::Task<void> invoke_once(std::shared_ptr<Host> host, std::shared_ptr<Runnable> code, Samples* samples) {
    const auto began = io::now();
    auto one = invocation();
    const auto outcome = co_await host->invoke(code, std::move(one));
    check(outcome);
    samples->microseconds.push_back(std::chrono::duration<double, std::micro>(io::now() - began).count());
    --samples->open;
}

/// Begins one each millisecond, whether the ones before have ended or not.
io::Task<void> at_a_rate(std::shared_ptr<Host> host, fs::path folder) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto code = probe(folder, "paced");
    Samples samples;
    const auto begin = io::now();
    boost::asio::steady_timer timer(executor, std::chrono::steady_clock::now());
    while (io::now() - begin < measured) {
        ++samples.open;
        boost::asio::co_spawn(executor, invoke_once(host, code, &samples), boost::asio::detached);
        timer.expires_at(timer.expiry() + 1ms);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
    while (samples.open > 0) co_await io::wait_for(1ms);
    line("warm, 1,000 a second", std::move(samples.microseconds), io::now() - begin);
}

io::Task<void> one_after_another(
    std::shared_ptr<Host> host, std::shared_ptr<Runnable> code, TimePoint end, Samples* samples
) {
    while (io::now() < end) {
        ++samples->open;
        co_await invoke_once(host, code, samples);
    }
}

io::Task<void> as_fast_as_it_goes(std::shared_ptr<Host> host, fs::path folder, int callers) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto code = probe(folder, fmt::format("fast-{}", callers));
    Samples samples;
    const auto begin = io::now();
    int left = callers;
    for (int i = 0; i < callers; ++i) {
        boost::asio::co_spawn(
            executor, one_after_another(host, code, begin + measured, &samples), [&left](std::exception_ptr) { --left; }
        );
    }
    while (left > 0) co_await io::wait_for(1ms);
    line(fmt::format("warm, {} callers without a pause", callers), std::move(samples.microseconds), io::now() - begin);
}

io::Task<void> cold(std::shared_ptr<Host> host, fs::path folder) {
    Samples samples;
    const auto begin = io::now();
    for (int i = 0; i < 100; ++i) {
        const auto code = probe(folder, fmt::format("cold-{}", i));
        ++samples.open;
        co_await invoke_once(host, code, &samples);
        host->retire(code->function, code->version, "");
    }
    line("cold, one after another", std::move(samples.microseconds), io::now() - begin);
}

io::Task<int> run(fs::path folder) {
    const auto executor = co_await boost::asio::this_coro::executor;
    HostOptions options{.folder = folder / "host"};
    if (::geteuid() == 0) options.users_first = 1'000'000 + static_cast<uid_t>(::getpid()) * 1000;
    auto host = Host::open(executor, options);
    if (!host) {
        fmt::print(stderr, "{}\n", host.error().message);
        co_return 1;
    }
    fmt::print("{:<44} {:>8} {:>9} {:>9} {:>9} {:>9}\n", "", "n", "1/s", "median us", "p99 us", "max us");
    co_await cold(*host, folder);
    co_await at_a_rate(*host, folder);
    for (const int callers : {1, 4, 16}) co_await as_fast_as_it_goes(*host, folder, callers);
    co_await (*host)->stop(io::Deadline::after(1s));
    co_return 0;
}

}  // namespace
}  // namespace cloudshelf::functions

int main(int argc, char** argv) {
    using namespace cloudshelf::functions;
    if (argc == 3 && std::string_view(argv[1]) == "--seconds") measured = std::chrono::seconds(std::atoi(argv[2]));
    const cloudshelf::testing::TemporaryFolder folder;
    fs::permissions(folder.path(), fs::perms(0755));
    fs::create_directory(folder / "package");
    fs::copy_file(PROBE, folder / "package" / "bootstrap");
    boost::asio::io_context loop(1);
    int status = 1;
    boost::asio::co_spawn(loop, run(folder.path()), [&](std::exception_ptr, int answer) { status = answer; });
    loop.run();
    return status;
}
