// What an acknowledged write costs: 32 coroutines that each write, wait for the fsync, and write again.
//   log_bench; the folder is made under TMPDIR. "cpu_us" is the process's processor time per write, both threads.
#include "region/log/change_log.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <benchmark/benchmark.h>
#include <ctime>

namespace cloudshelf::changelog {
namespace {

double processor_seconds() {
    timespec at{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

/// A conditional put of 1 KiB: reads the item, writes it, logs it.
io::Task<void> write_many(ChangeLog* log, int caller, std::uint64_t* left) {
    const std::string value(1024, 'v');
    while (*left > 0) {
        --*left;
        const std::string key = "item-" + std::to_string(caller) + "-" + std::to_string(*left % 1000);
        ChangeLog::Decision decision = [&key, &value](Batch& batch) -> Result<void> {
            const auto found = batch.get(Family(0), key);
            if (!found) return fail(found.error());
            batch.put(Family(0), key, batch.stamp().encode() + value);
            batch.append({.kind = "put", .container = "carts", .payload = key + value});
            return {};
        };
        const auto written = co_await log->write(std::move(decision));
        if (!written) std::abort();
    }
}

void appends(benchmark::State& state, Sync sync) {
    const testing::TemporaryFolder folder;
    boost::asio::io_context loop(1);
    const auto log = ChangeLog::open(
        {.folder = folder.path(), .region = RegionName("a"), .site = 1, .sync = sync}, loop.get_executor()
    );
    if (!log) std::abort();
    constexpr std::uint64_t batch = 5000;
    std::uint64_t written = 0;
    const double before = processor_seconds();
    for ([[maybe_unused]] const auto round : state) {
        std::uint64_t left = batch;
        for (int caller = 0; caller < state.range(0); ++caller) {
            boost::asio::co_spawn(loop, write_many(log->get(), caller, &left), boost::asio::detached);
        }
        loop.restart();
        loop.run();
        written += batch;
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(written));
    state.counters["cpu_us"] = (processor_seconds() - before) * 1e6 / static_cast<double>(written);
    state.counters["per_fsync"] = static_cast<double>(written) / static_cast<double>((*log)->metrics().groups);
}

BENCHMARK_CAPTURE(appends, fsync, Sync::on)->Arg(1)->Arg(32)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(appends, no_fsync, Sync::off)->Arg(32)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cloudshelf::changelog

BENCHMARK_MAIN();
