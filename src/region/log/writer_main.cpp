// Writes until it is killed, and says on stdout what was acknowledged: for change_log_livetest.
//   log_writer FOLDER CALLERS
#include "io/signals.hpp"
#include "region/log/change_log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <unistd.h>

namespace cloudshelf::changelog {
namespace {

/// Counts up under a key of its own; tells each number only once it is acknowledged.
io::Task<void> count(ChangeLog* log, int caller) {
    const std::string key = fmt::format("caller-{}", caller);
    while (true) {
        std::uint64_t value = 0;
        ChangeLog::Decision decision = [&](Batch& batch) -> Result<void> {
            const auto found = batch.get(Family(0), key);
            if (!found) return fail(found.error());
            value = std::stoull(found->value_or("0")) + 1;
            batch.put(Family(0), key, std::to_string(value));
            batch.append({.kind = "count", .container = key, .payload = std::to_string(value)});
            return {};
        };
        const auto written = co_await log->write(std::move(decision));
        if (!written) {
            fmt::print(stderr, "{}: {}\n", written.error().code, written.error().message);
            std::_Exit(1);
        }
        const std::string line = fmt::format("{} {} {}\n", caller, value, written->last.value());
        if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(1);
    }
}

io::Task<int> run(std::string folder, int callers) {
    const auto executor = co_await boost::asio::this_coro::executor;
    ChangeLog::Options options{.folder = folder, .region = RegionName("us-east-1"), .site = 1};
    options.memtable_bytes = 64 << 10;  // so that it is killed while memtables are written, too
    options.retention = {.bytes_keep = 100'000};
    const auto log = ChangeLog::open(options, executor);
    if (!log) {
        fmt::print(stderr, "{}: {}\n", log.error().code, log.error().message);
        co_return 1;
    }
    for (int caller = 0; caller < callers; ++caller) {
        boost::asio::co_spawn(executor, count(log->get(), caller), boost::asio::detached);
    }
    co_return co_await io::asked_to_end();
}

}  // namespace
}  // namespace cloudshelf::changelog

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    return cloudshelf::io::run_program(cloudshelf::changelog::run(argv[1], std::atoi(argv[2])));
}
