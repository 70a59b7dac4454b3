// Goal: what the log promises to the services, on a real RocksDB in a temporary folder: order, atomic commits,
// decisions that see each other, retention, and damage that is noticed.
#include "region/log/change_log.hpp"

#include "region/log/database.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

namespace cloudshelf::changelog {
namespace {

using testing::TemporaryFolder;
using namespace std::chrono_literals;

const RegionName east("us-east-1");
const RegionName west("us-west-2");

struct Bench {
    TemporaryFolder folder;
    std::int64_t wall_ms = 1'000'000;

    ChangeLog::Options options() {
        ChangeLog::Options options{.folder = folder.path(), .region = east, .site = 1};
        options.free_bytes_min = 0;
        options.wall_ms = [this] { return wall_ms; };
        return options;
    }
};

io::Task<std::unique_ptr<ChangeLog>> open(ChangeLog::Options options) {
    auto opened = ChangeLog::open(std::move(options), co_await boost::asio::this_coro::executor);
    if (!opened) {
        ADD_FAILURE() << opened.error().code << ": " << opened.error().message;
        co_return nullptr;
    }
    co_return std::move(*opened);
}

/// Puts one key and says so in the log.
ChangeLog::Decision put(std::string key, std::string value) {
    return [key = std::move(key), value = std::move(value)](Batch& batch) -> Result<void> {
        batch.put(Database::data, key, value);
        batch.append({.kind = "put", .container = "cart", .payload = key + "=" + value});
        return {};
    };
}

/// Adds one to the number under a key, as a conditional write would.
ChangeLog::Decision increment(std::string key) {
    return [key = std::move(key)](Batch& batch) -> Result<void> {
        const auto found = batch.get(Database::data, key);
        if (!found) return fail(found.error());
        const int value = std::stoi(found->value_or("0")) + 1;
        batch.put(Database::data, key, std::to_string(value));
        batch.append({.kind = "add", .container = "cart", .payload = std::to_string(value)});
        return {};
    };
}

ASYNC_TEST(ChangeLog, KeepsWhatWasWrittenInOrder) {
    Bench bench;
    Identity identity;
    {
        const auto log = co_await open(bench.options());
        REQUIRE(log);
        identity = log->identity();
        EXPECT_EQ(log->last(), Position(0));
        for (int i = 1; i <= 20; ++i) {
            auto decision = put(fmt::format("k{}", i % 3), std::to_string(i));
            const auto written = co_await log->write(std::move(decision));
            REQUIRE(written);
            EXPECT_EQ(written->first, Position(i));
            EXPECT_EQ(written->last, Position(i));
        }
    }
    const auto log = co_await open(bench.options());
    REQUIRE(log);
    EXPECT_EQ(log->identity(), identity);
    EXPECT_EQ(log->last(), Position(20));
    EXPECT_EQ(log->view().get(log->data(), "k0").value(), "18");
    const auto slice = log->read(Position(5), {});
    REQUIRE(slice);
    REQUIRE(slice->entries.size() == 15);
    EXPECT_EQ(slice->entries.front().change.payload, "k0=6");
    EXPECT_EQ(slice->reached, Position(20));
    for (std::size_t i = 1; i < slice->entries.size(); ++i) {
        EXPECT_LT(slice->entries[i - 1].stamp, slice->entries[i].stamp);
    }
    const auto beyond = log->read(Position(21), {});
    REQUIRE(!beyond);
    EXPECT_EQ(beyond.error().code, "log.beyond-end");
}

// Goal: a hundred callers at once lose no increment, share commits, and each learns its own position.
ASYNC_TEST(ChangeLog, DecidesOneAfterTheOther) {
    Bench bench;
    const auto log = co_await open(bench.options());
    REQUIRE(log);
    const auto executor = co_await boost::asio::this_coro::executor;
    std::map<std::uint64_t, int> positions;
    const auto caller = [](ChangeLog* to, std::map<std::uint64_t, int>* seen) -> io::Task<void> {
        for (int i = 0; i < 10; ++i) {
            auto decision = increment("n");
            const auto written = co_await to->write(std::move(decision));
            EXPECT_TRUE(written);
            if (written) ++(*seen)[written->last.value()];
        }
    };
    for (int i = 0; i < 100; ++i) boost::asio::co_spawn(executor, caller(log.get(), &positions), boost::asio::detached);
    for (Position seen; seen < Position(1000);) {
        seen = co_await log->wait_beyond(seen, io::Deadline::after(20s));
    }
    EXPECT_EQ(log->view().get(log->data(), "n").value(), "1000");
    EXPECT_LT(log->metrics().groups, 1000u);
    auto decision = put("last", "");  // answered after all before it
    const auto written = co_await log->write(std::move(decision));
    REQUIRE(written);
    EXPECT_EQ(positions.size(), 1000u);
}

// Goal: a decision that fails leaves nothing behind, whatever it wrote, and those around it stand.
ASYNC_TEST(ChangeLog, RefusedDecisionLeavesNothing) {
    Bench bench;
    const auto log = co_await open(bench.options());
    REQUIRE(log);
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto writes = [](ChangeLog* to, ChangeLog::Decision decision) -> io::Task<void> {
        const auto written = co_await to->write(std::move(decision));
        EXPECT_TRUE(written);
    };
    boost::asio::co_spawn(executor, writes(log.get(), put("a", "1")), boost::asio::detached);
    boost::asio::co_spawn(executor, writes(log.get(), increment("n")), boost::asio::detached);
    ChangeLog::Decision refused = [](Batch& batch) -> Result<void> {
        batch.put(Database::data, "a", "2");
        batch.erase(Database::data, "n");
        batch.append({.kind = "put"});
        const auto seen = batch.get(Database::data, "a");
        EXPECT_EQ(seen.value(), "2");  // its own
        return fail("tables.condition", "no");
    };
    const auto answer = co_await log->write(std::move(refused));
    REQUIRE(!answer);
    EXPECT_EQ(answer.error().code, "tables.condition");
    auto decision = increment("n");
    const auto written = co_await log->write(std::move(decision));
    REQUIRE(written);
    EXPECT_EQ(written->last, Position(3));
    EXPECT_EQ(log->view().get(log->data(), "a").value(), "1");
    EXPECT_EQ(log->view().get(log->data(), "n").value(), "2");
}

// Goal: nobody else sees a write before it is committed; decisions behind it do. A snapshot stays as it was.
ASYNC_TEST(ChangeLog, ShowsOnlyWhatIsCommitted) {
    Bench bench;
    const auto log = co_await open(bench.options());
    REQUIRE(log);
    auto first = put("a", "1");
    REQUIRE(co_await log->write(std::move(first)));
    const View before = log->snapshot();
    ChangeLog::Decision looks = [&log](Batch& batch) -> Result<void> {
        batch.put(Database::data, "a", "2");
        batch.put(Database::data, "b", "2");
        EXPECT_EQ(log->view().get(Database::data, "a").value(), "1");
        std::string seen;
        const auto collect = [&seen](std::string_view key, std::string_view value) {
            seen += fmt::format("{}={} ", key, value);
            return true;
        };
        EXPECT_TRUE(batch.scan(Database::data, {.from = "a", .until = "z"}, collect, Order::ascending));
        EXPECT_TRUE(batch.scan(Database::data, {.from = "a", .until = "b"}, collect, Order::descending));
        EXPECT_EQ(seen, "a=2 b=2 a=2 ");
        return {};
    };
    const auto written = co_await log->write(std::move(looks));
    REQUIRE(written);
    EXPECT_EQ(written->first, Position(2));  // it logged nothing
    EXPECT_EQ(written->last, Position(1));
    EXPECT_EQ(log->view().get(Database::data, "a").value(), "2");
    EXPECT_EQ(before.get(Database::data, "a").value(), "1");
    EXPECT_EQ(before.get(Database::data, "b").value(), std::nullopt);
}

// Goal: the stamps of a log that is opened anew are later than all before, though the wall clock went back.
ASYNC_TEST(ChangeLog, ClockSurvives) {
    Bench bench;
    core::HybridStamp before;
    const auto read_stamp = [](core::HybridStamp* to) -> ChangeLog::Decision {
        return [to](Batch& batch) -> Result<void> {
            *to = batch.stamp();
            batch.put(Database::data, "k", "v");
            return {};
        };
    };
    {
        const auto log = co_await open(bench.options());
        REQUIRE(log);
        REQUIRE(log->receive({.wall_ms = bench.wall_ms + 30'000, .counter = 7, .site = 2}));
        const auto ahead = log->receive({.wall_ms = bench.wall_ms + 60'001, .site = 2});
        REQUIRE(!ahead);
        EXPECT_EQ(ahead.error().code, "clock.ahead");
        auto decision = read_stamp(&before);
        REQUIRE(co_await log->write(std::move(decision)));
        EXPECT_EQ(before, (core::HybridStamp{.wall_ms = bench.wall_ms + 30'000, .counter = 8, .site = 1}));
    }
    bench.wall_ms -= 500'000;
    const auto log = co_await open(bench.options());
    REQUIRE(log);
    core::HybridStamp after;
    auto decision = read_stamp(&after);
    REQUIRE(co_await log->write(std::move(decision)));
    EXPECT_GT(after, before);
}

ASYNC_TEST(ChangeLog, WaitsForNews) {
    Bench bench;
    const auto log = co_await open(bench.options());
    REQUIRE(log);
    const auto none = co_await log->wait_beyond(Position(0), io::Deadline::after(1ms));
    EXPECT_EQ(none, Position(0));
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto writes = [](ChangeLog* to) -> io::Task<void> {
        auto decision = put("a", "1");
        co_await to->write(std::move(decision));
    };
    boost::asio::co_spawn(executor, writes(log.get()), boost::asio::detached);
    const auto news = co_await log->wait_beyond(Position(0), io::Deadline::after(20s));
    EXPECT_EQ(news, Position(1));
}

ASYNC_TEST(ChangeLog, TrimsByTimeAndSizeButWaitsForReplicas) {
    Bench bench;
    auto options = bench.options();
    options.replicas = {west};
    options.retention = {.keep = 10s, .bytes_keep = 1 << 20, .limit = 100s, .bytes_limit = 10'000};
    const auto log = co_await open(options);
    REQUIRE(log);
    for (int i = 1; i <= 10; ++i) {
        auto decision = put("k", std::to_string(i));
        REQUIRE(co_await log->write(std::move(decision)));
        bench.wall_ms += 1000;
    }
    bench.wall_ms += 6000;  // the first is 16 s old, the last 7
    auto low = co_await log->trim();
    EXPECT_EQ(low.value(), Position(0)) << "the replica has confirmed nothing";
    log->confirm(west, Position(4));
    low = co_await log->trim();
    EXPECT_EQ(low.value(), Position(4));
    log->confirm(west, Position(10));
    low = co_await log->trim();
    EXPECT_EQ(low.value(), Position(6)) << "those after are not 10 s old";
    const auto gone = log->read(Position(5), {});
    REQUIRE(!gone);
    EXPECT_EQ(gone.error().code, "log.trimmed");
    EXPECT_EQ(log->read(Position(6), {})->entries.size(), 4u);
    EXPECT_EQ(log->entry(Position(6)).error().code, "log.trimmed");

    // Past the limit nobody is waited for.
    auto large = put("large", std::string(20'000, 'x'));
    REQUIRE(co_await log->write(std::move(large)));
    low = co_await log->trim();
    EXPECT_EQ(low.value(), Position(11));
    const Metrics metrics = log->metrics();
    EXPECT_TRUE(metrics.replicas.at(0).needs_snapshot);
    EXPECT_EQ(metrics.replicas_overtaken, 1u);
    EXPECT_EQ(metrics.log_bytes, 0u);
    log->confirm(west, Position(11));
    EXPECT_FALSE(log->metrics().replicas.at(0).needs_snapshot);
    auto next = put("k", "11");
    const auto written = co_await log->write(std::move(next));
    REQUIRE(written);
    EXPECT_EQ(written->last, Position(12)) << "positions go on";
    EXPECT_EQ(log->read(Position(11), {})->entries.size(), 1u);
}

// Goal: the age of the oldest change that the other region has not confirmed, and nothing once it has.
ASYNC_TEST(ChangeLog, TellsLagOfReplicas) {
    Bench bench;
    auto options = bench.options();
    options.replicas = {west};
    const auto log = co_await open(options);
    REQUIRE(log);
    ChangeLog::Decision received = [](Batch& batch) -> Result<void> {
        batch.append_received({.stamp = {.wall_ms = 5, .site = 2}, .origin = west, .change = {.kind = "put"}});
        return {};
    };
    REQUIRE(co_await log->write(std::move(received)));
    EXPECT_EQ(log->metrics().oldest_unconfirmed_seconds, 0) << "it knows its own";
    auto decision = put("k", "v");
    REQUIRE(co_await log->write(std::move(decision)));
    bench.wall_ms += 2500;
    EXPECT_EQ(log->metrics().oldest_unconfirmed_seconds, 2.5);
    EXPECT_EQ(log->metrics().replicas.at(0).lag_entries, 2u);
    log->confirm(west, Position(2));
    EXPECT_EQ(log->metrics().oldest_unconfirmed_seconds, 0);
    EXPECT_EQ(log->metrics().replicas.at(0).lag_entries, 0u);
}

// Goal: an entry that was altered, left out or put elsewhere is refused and counted, not skipped.
ASYNC_TEST(ChangeLog, RefusesDamagedEntries) {
    enum class Damage { altered, missing, swapped };
    for (const auto damage : {Damage::altered, Damage::missing, Damage::swapped}) {
        Bench bench;
        {
            const auto log = co_await open(bench.options());
            REQUIRE(log);
            for (int i = 1; i <= 5; ++i) {
                auto decision = put("k", std::to_string(i));
                REQUIRE(co_await log->write(std::move(decision)));
            }
        }
        {
            const auto database = Database::open(bench.folder / "db-1", {});
            REQUIRE(database);
            auto* const family = (*database)->handle(Database::log);
            const auto third = (*database)->get(Database::log, entry_key(Position(3)));
            REQUIRE(third && *third);
            std::string bytes = **third;
            if (damage == Damage::altered) {
                bytes[bytes.size() - 6] ^= 1;
                REQUIRE((*database)->db()->Put({}, family, entry_key(Position(3)), bytes).ok());
            } else if (damage == Damage::missing) {
                REQUIRE((*database)->db()->Delete({}, family, entry_key(Position(3))).ok());
            } else {
                REQUIRE((*database)->db()->Put({}, family, entry_key(Position(4)), bytes).ok());
            }
        }
        const auto log = co_await open(bench.options());
        REQUIRE(log);
        const auto slice = log->read(Position(0), {});
        REQUIRE(!slice);
        EXPECT_EQ(slice.error().code, "log.corrupt") << slice.error().message;
        EXPECT_EQ(log->metrics().refused_entries, 1u);
        EXPECT_TRUE(log->read(Position(0), {.entries_max = 2}));
    }
}

/// Five writes, and the folder as a process leaves it that is killed then; answers RocksDB's own log in it.
io::Task<std::filesystem::path> leave_unclosed(Bench* bench, const std::filesystem::path* copy) {
    const auto log = co_await open(bench->options());
    for (int i = 1; i <= 5; ++i) {
        auto decision = put("k", std::string(1000, static_cast<char>('0' + i)));
        const auto written = co_await log->write(std::move(decision));
        EXPECT_TRUE(written);
    }
    std::filesystem::copy(bench->folder.path(), *copy, std::filesystem::copy_options::recursive);
    std::filesystem::path wal;
    for (const auto& item : std::filesystem::directory_iterator(*copy / "db-1")) {
        if (item.path().extension() == ".log" && item.path() > wal) wal = item.path();
    }
    EXPECT_GT(std::filesystem::file_size(wal), 5000u);
    co_return wal;
}

// Goal: a torn record at the very end of RocksDB's own log was never acknowledged and is no reason not to start.
ASYNC_TEST(ChangeLog, StartsAfterATornEnd) {
    Bench bench;
    TemporaryFolder other;
    const auto copy = other / "copy";
    const auto wal = co_await leave_unclosed(&bench, &copy);
    std::filesystem::resize_file(wal, std::filesystem::file_size(wal) - 100);
    auto options = bench.options();
    options.folder = copy;
    const auto log = co_await open(options);
    REQUIRE(log);
    EXPECT_EQ(log->last(), Position(4));
    EXPECT_EQ(log->read(Position(0), {})->entries.size(), 4u);
}

// Goal: a byte changed before the end is not taken for the end: what came after it was acknowledged.
ASYNC_TEST(ChangeLog, RefusesToStartAfterDamageBeforeTheEnd) {
    Bench bench;
    TemporaryFolder other;
    const auto copy = other / "copy";
    const auto wal = co_await leave_unclosed(&bench, &copy);
    {
        std::fstream file(wal, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(2500);
        file.put('!');
    }
    auto options = bench.options();
    options.folder = copy;
    const auto damaged = ChangeLog::open(options, co_await boost::asio::this_coro::executor);
    REQUIRE(!damaged);
    EXPECT_EQ(damaged.error().code, "log.corrupt");
    options.recovery = Recovery::salvage;
    const auto salvaged = co_await open(options);
    REQUIRE(salvaged);
    EXPECT_LT(salvaged->last(), Position(5));
}

ASYNC_TEST(ChangeLog, RefusesAFolderOfAnotherRegionOrProcess) {
    Bench bench;
    const auto executor = co_await boost::asio::this_coro::executor;
    {
        const auto log = co_await open(bench.options());
        REQUIRE(log);
        const auto second = ChangeLog::open(bench.options(), executor);
        REQUIRE(!second);
        EXPECT_EQ(second.error().code, "log.in-use");
    }
    auto options = bench.options();
    options.region = west;
    const auto other = ChangeLog::open(options, executor);
    REQUIRE(!other);
    EXPECT_EQ(other.error().code, "log.other-region");
}

// Goal: a checkpoint and the log after it give the state of any moment since.
ASYNC_TEST(ChangeLog, ReplaysFromACheckpointToATime) {
    Bench bench;
    const auto log = co_await open(bench.options());
    REQUIRE(log);
    for (int i = 1; i <= 10; ++i) {
        bench.wall_ms += 1000;
        auto decision = put("k", std::to_string(i));
        REQUIRE(co_await log->write(std::move(decision)));
        if (i != 3) continue;
        const auto checkpoint = log->checkpoint(bench.folder / "checkpoint");
        REQUIRE(checkpoint);
        EXPECT_EQ(checkpoint->at_least, Position(3));
    }
    const auto past = CheckpointView::open(bench.folder / "checkpoint");
    REQUIRE(past);
    EXPECT_EQ((*past)->position(), Position(3));
    EXPECT_EQ((*past)->get(Database::data, "k").value(), "3");
    std::string seen;
    const auto visit = [&seen](const Entry& entry) {
        seen += entry.change.payload + " ";
        return true;
    };
    const auto reached = log->replay((*past)->position(), 1'000'000 + 7000, visit);
    EXPECT_EQ(reached.value(), Position(7));
    EXPECT_EQ(seen, "k=4 k=5 k=6 k=7 ");
}

ASYNC_TEST(ChangeLog, RefusesWritesWhileTheDiskIsNearlyFull) {
    Bench bench;
    auto options = bench.options();
    options.free_bytes_min = ~0ull;
    const auto log = co_await open(options);
    REQUIRE(log);
    auto decision = put("a", "1");
    const auto refused = co_await log->write(std::move(decision));
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "log.disk-full");
    EXPECT_EQ(refused.error().certainty, Certainty::not_done);
    EXPECT_TRUE(log->metrics().disk_full);
    EXPECT_EQ(log->view().get(log->data(), "a").value(), std::nullopt);
}

}  // namespace
}  // namespace cloudshelf::changelog
