// How long a compare-and-swap takes in each store, one after the other, with every fsync: a lease's renewal.
//   store_bench [--count 2000]
#include "base/statistics.hpp"
#include "io/signals.hpp"
#include "store/sqlite.hpp"
#include "support/etcd_cluster.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::store {
namespace {

using cloudshelf::testing::EtcdCluster;

/// False when a swap failed; says why.
io::Task<bool> measure(const char* name, StateStore* store, int count) {
    const std::string value(250, 'v');  // about a lease's record
    std::vector<double> took;
    for (int i = 0; i < count; ++i) {
        const TimePoint start = io::now();
        const auto stored = co_await store->compare_and_swap("lease", static_cast<std::uint64_t>(i), value);
        took.push_back(std::chrono::duration<double, std::milli>(io::now() - start).count());
        if (!stored || !stored->stored) {
            fmt::print(stderr, "{}: swap {}: {}\n", name, i, stored ? "refused" : stored.error().message);
            co_return false;
        }
    }
    std::vector<double> reads;
    for (int i = 0; i < count; ++i) {
        const TimePoint start = io::now();
        const auto found = co_await store->get("lease");
        reads.push_back(std::chrono::duration<double, std::milli>(io::now() - start).count());
        if (!found) co_return false;
    }
    for (const auto& [what, values] : {std::pair{"compare-and-swap", took}, std::pair{"read", reads}}) {
        const Summary figures = summarize(values);
        fmt::print(
            "| {} | {} | {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} |\n",
            name,
            what,
            figures.n,
            figures.median,
            figures.p95,
            figures.p99,
            figures.max
        );
    }
    co_return true;
}

io::Task<int> bench(int count) {
    const auto executor = co_await boost::asio::this_coro::executor;
    fmt::print("| store | call | n | median (ms) | p95 | p99 | max |\n| --- | --- | --: | --: | --: | --: | --: |\n");
    const auto file = std::filesystem::temp_directory_path() / fmt::format("cloudshelf-bench-{}.db", ::getpid());
    auto sqlite = SqliteStore::open(file);
    bool good = false;
    if (sqlite) good = co_await measure("SQLite", sqlite->get(), count);
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
    for (const int members : {1, 3}) {
        EtcdCluster cluster({.members = members});
        EtcdStore store(
            executor, {.gateway = {.endpoints = cluster.endpoints(), .try_limit = std::chrono::seconds(10)}}
        );
        const auto started = cluster.start();
        const bool answers = started && co_await cluster.answers(&store);
        const std::string name = fmt::format("etcd, {} member{}", members, members == 1 ? "" : "s");
        good = good && answers;
        if (answers) good = co_await measure(name.c_str(), &store, count) && good;
    }
    co_return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace cloudshelf::store

int main(int argc, char** argv) {
    const int count = argc == 3 && std::string_view(argv[1]) == "--count" ? std::atoi(argv[2]) : 2000;
    return cloudshelf::io::run_program(cloudshelf::store::bench(count));
}
