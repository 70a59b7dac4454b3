// Goal: two regions that follow each other end with the same items, every change has its effect once, and whoever meets
// a log that is not the one it followed takes a snapshot instead of guessing. Servers and clients on the loopback.
#include "region/log/site_test.hpp"

#include <boost/asio/co_spawn.hpp>

#include <fstream>

namespace cloudshelf::changelog {
namespace {

using namespace std::chrono_literals;

/// Two regions, each knowing the other as a replica.
struct Pair {
    explicit Pair(const io::Executor& executor) : east(executor, "us-east-1", 1), west(executor, "us-west-2", 2) {
        east.replicas = {west.region};
        west.replicas = {east.region};
    }
    void open() {
        east.open();
        west.open();
        east.follow(west, west.endpoint());
        west.follow(east, east.endpoint());
    }
    /// Until neither has news for the other.
    io::Task<bool> converge() {
        for (int quiet = 0, tries = 0; quiet < 2 && tries < 100; ++tries) {
            const auto to_west = co_await west.follower->pull();
            const auto to_east = co_await east.follower->pull();
            EXPECT_TRUE(to_west) << (to_west ? "" : to_west.error().message);
            EXPECT_TRUE(to_east) << (to_east ? "" : to_east.error().message);
            if (!to_west || !to_east) co_return false;
            quiet = *to_west + *to_east == 0 ? quiet + 1 : 0;
        }
        co_return east.items() == west.items();
    }
    Site east, west;
};

ASYNC_TEST(Replication, BothWritersEndEqual) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.open();
    for (int i = 0; i < 300; ++i) {
        REQUIRE(co_await pair.east.set(fmt::format("east-{}", i), "e"));
        REQUIRE(co_await pair.west.set(fmt::format("west-{}", i), "w"));
    }
    REQUIRE(co_await pair.converge());
    EXPECT_EQ(pair.east.items().size(), 600u);
    EXPECT_EQ(pair.west.applied, 300) << "each once, and none of its own";
    EXPECT_EQ(pair.east.applied, 300);
    EXPECT_EQ(pair.east.log->last(), Position(600));
    EXPECT_EQ(pair.east.log->metrics().replicas.at(0).confirmed, pair.east.log->last());
    EXPECT_EQ(pair.east.log->metrics().oldest_unconfirmed_seconds, 0);
    EXPECT_EQ(pair.east.conflicts() + pair.west.conflicts(), 0);
}

// Goal: of two versions made without knowledge of each other one wins at both, and the other is recorded once.
ASYNC_TEST(Replication, ConflictsAreRecordedOnce) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.open();
    REQUIRE(co_await pair.east.set("cart", "one"));
    REQUIRE(co_await pair.converge());
    REQUIRE(co_await pair.west.set("cart", "two"));  // it saw "one": no conflict
    REQUIRE(co_await pair.converge());
    EXPECT_EQ(pair.east.conflicts() + pair.west.conflicts(), 0);
    REQUIRE(co_await pair.east.set("cart", "three"));
    REQUIRE(co_await pair.east.set("cart", "four"));
    REQUIRE(co_await pair.west.set("cart", "five"));
    REQUIRE(co_await pair.converge());
    EXPECT_EQ(pair.east.text("cart"), pair.west.text("cart"));
    EXPECT_EQ(pair.east.conflicts() + pair.west.conflicts(), 1);
}

// Goal: what was applied and where one stands are one: after a restart nothing comes twice.
ASYNC_TEST(Replication, GoesOnAfterARestart) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.open();
    for (int i = 0; i < 10; ++i) REQUIRE(co_await pair.east.set("k", std::to_string(i)));
    REQUIRE(co_await pair.west.follower->pull());
    pair.west.close();
    REQUIRE(co_await pair.east.set("k", "last"));
    pair.west.open();
    pair.west.follow(pair.east, pair.east.endpoint());
    REQUIRE(co_await pair.west.follower->pull());
    EXPECT_EQ(pair.west.applied, 11);
    EXPECT_EQ(pair.west.text("k"), "last");
}

// Goal: an apply that fails stops there, and nothing of its commit stays.
ASYNC_TEST(Replication, StopsWhereApplyFails) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.open();
    for (int i = 0; i < 6; ++i) REQUIRE(co_await pair.east.set(std::to_string(i), "x"));
    bool fails = true;
    const Apply apply = [&fails, good = apply_items(2, nullptr)](const Entry& entry, Batch& batch) -> Result<void> {
        if (fails && entry.position == Position(4)) return fail("tables.broken", "not this one");
        return good(entry, batch);
    };
    Follower follower(
        pair.west.log.get(),
        &pair.west.client,
        {.region = pair.east.region, .source = pair.east.endpoint(), .wait = 0ms, .batch_entries_max = 2},
        apply
    );
    const auto stopped = co_await follower.pull();
    REQUIRE(!stopped);
    EXPECT_EQ(stopped.error().code, "tables.broken");
    EXPECT_EQ(pair.west.items().size(), 2u) << "the commit with the third and the fourth is undone";
    fails = false;
    REQUIRE(co_await follower.pull());
    EXPECT_EQ(pair.west.items(), pair.east.items());
}

/// What Prepare was asked.
struct Seen {
    std::vector<std::pair<std::uint64_t, std::size_t>> asked;  // the first entry's position, how many
    bool fails = true;
};

io::Task<Result<std::size_t>> prepare(Seen* seen, std::vector<Entry> entries) {
    seen->asked.emplace_back(entries.front().position.value(), entries.size());
    if (seen->fails) co_return fail("tables.away", "not now");
    co_return std::min<std::size_t>(entries.size(), 2);
}

// Goal: what a decision cannot wait for is got ready before it, for as many entries as are then applied in one commit;
// where that fails nothing is applied, and the same entries come again.
ASYNC_TEST(Replication, PreparesWhatItApplies) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.open();
    for (int i = 0; i < 5; ++i) REQUIRE(co_await pair.east.set(std::to_string(i), "x"));
    Seen seen;
    Follower::Options options{.region = pair.east.region, .source = pair.east.endpoint(), .wait = 0ms};
    options.batch_entries_max = 4;
    options.prepare = [&seen](std::vector<Entry> entries) { return prepare(&seen, std::move(entries)); };
    Follower follower(pair.west.log.get(), &pair.west.client, options, apply_items(2, nullptr));
    const auto away = co_await follower.pull();
    REQUIRE(!away);
    EXPECT_EQ(away.error().code, "tables.away");
    EXPECT_TRUE(pair.west.items().empty());
    seen.fails = false;
    seen.asked.clear();
    REQUIRE(co_await follower.pull());
    EXPECT_EQ(pair.west.items(), pair.east.items());
    const std::vector<std::pair<std::uint64_t, std::size_t>> wanted{{1, 4}, {3, 3}, {5, 1}};
    EXPECT_EQ(seen.asked, wanted);
}

// Goal: a request that finds nothing waits for news, and an entry ends the waiting.
ASYNC_TEST(Replication, WaitsForNews) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.open();
    pair.west.follow(pair.east, pair.east.endpoint(), 20s);
    const auto write_soon = [](Site* site, int requests) -> io::Task<void> {
        while (site->requests < requests) co_await io::wait_for(1ms);  // it asked
        const auto written = co_await site->set("k", "v");
        EXPECT_TRUE(written);
    };
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::co_spawn(executor, write_soon(&pair.east, 2), [](const std::exception_ptr&) {});
    const TimePoint begin = io::now();
    const auto pulled = co_await pair.west.follower->pull();
    REQUIRE(pulled);
    EXPECT_EQ(*pulled, 1u);
    EXPECT_LT(io::now() - begin, 10s);
}

// Goal: a replica that was overtaken by trimming is told, takes a snapshot, keeps its own writes that the other side
// has not seen, and both follow each other again without another snapshot.
ASYNC_TEST(Replication, OvertakenReplicaTakesASnapshot) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.east.retention = {.bytes_keep = 0, .bytes_limit = 1000};
    pair.open();
    REQUIRE(co_await pair.west.set("west-seen", "1"));
    REQUIRE(co_await pair.converge());
    REQUIRE(co_await pair.west.set("west-unseen", "2"));
    for (int i = 0; i < 50; ++i) REQUIRE(co_await pair.east.set(fmt::format("east-{}", i), "e"));
    REQUIRE(co_await pair.east.log->trim());
    EXPECT_TRUE(pair.east.log->metrics().replicas.at(0).needs_snapshot);
    const auto refused = co_await pair.west.follower->pull();
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "log.trimmed");
    EXPECT_TRUE(pair.west.follower->status().needs_snapshot);

    FetchOptions fetch{.source = pair.east.endpoint(), .replica = pair.west.region};
    fetch.folder = pair.west.folder / "incoming";
    const auto manifest = co_await fetch_snapshot(&pair.west.client, fetch);
    REQUIRE(manifest);
    EXPECT_EQ(pair.east.log->metrics().snapshots_taken, 1u);
    for (int i = 0; i < 3; ++i) REQUIRE(co_await pair.east.set(fmt::format("later-{}", i), "e"));
    const LogId before = pair.west.log->identity().id;
    pair.west.close();
    const auto installed =
        install_snapshot(pair.west.options(), fetch.folder, *manifest, OwnWrites::carry_over, apply_items(2, nullptr));
    REQUIRE(installed);
    pair.west.open();
    pair.west.follow(pair.east, pair.east.endpoint());
    EXPECT_NE(pair.west.log->identity().id, before);
    EXPECT_EQ(pair.west.text("west-unseen"), "2");
    EXPECT_EQ(pair.west.text("west-seen"), "1");

    const auto changed = co_await pair.east.follower->pull();
    REQUIRE(!changed);
    EXPECT_EQ(changed.error().code, "log.changed");
    EXPECT_FALSE(pair.east.follower->status().needs_snapshot);
    REQUIRE(co_await pair.converge());
    EXPECT_EQ(pair.east.items().size(), 55u);
    EXPECT_FALSE(pair.east.log->metrics().replicas.at(0).needs_snapshot);
}

// Goal: a snapshot that would take writes away that nobody else has is refused, unless somebody says so.
ASYNC_TEST(Replication, SnapshotNeverLosesOwnWritesSilently) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.west.retention = {.bytes_keep = 0, .bytes_limit = 0};
    pair.open();
    REQUIRE(co_await pair.east.set("east", "1"));
    REQUIRE(co_await pair.west.set("west", "2"));
    REQUIRE(co_await pair.west.log->trim());
    FetchOptions fetch{.source = pair.east.endpoint(), .replica = pair.west.region};
    fetch.folder = pair.west.folder / "incoming";
    const auto manifest = co_await fetch_snapshot(&pair.west.client, fetch);
    REQUIRE(manifest);
    pair.west.close();
    const auto refused =
        install_snapshot(pair.west.options(), fetch.folder, *manifest, OwnWrites::carry_over, apply_items(2, nullptr));
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "log.would-lose");
    pair.west.open();
    EXPECT_EQ(pair.west.text("west"), "2") << "nothing was changed";
    pair.west.close();
    REQUIRE(install_snapshot(pair.west.options(), fetch.folder, *manifest, OwnWrites::discard, apply_items(2, nullptr))
    );
    pair.west.open();
    EXPECT_EQ(pair.west.text("west"), "");
    EXPECT_EQ(pair.west.text("east"), "1");
}

// Goal: a fetch that is interrupted goes on where it stood, and a file that arrived wrong is not used.
ASYNC_TEST(Replication, SnapshotIsFetchedInPieces) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.open();
    for (int i = 0; i < 40; ++i) REQUIRE(co_await pair.east.set(std::to_string(i), std::string(1000, 'x')));
    FetchOptions fetch{.source = pair.east.endpoint(), .replica = pair.west.region};
    fetch.folder = pair.west.folder / "incoming";
    fetch.piece_bytes = 4096;
    pair.east.fails_after = 8;
    const auto interrupted = co_await fetch_snapshot(&pair.west.client, fetch);
    REQUIRE(!interrupted);
    const int asked = pair.east.requests;
    const auto fetched = co_await fetch_snapshot(&pair.west.client, fetch);
    REQUIRE(fetched);
    std::uint64_t pieces = 0;
    for (const SnapshotFile& file : fetched->files) pieces += (file.bytes + 4095) / 4096;
    EXPECT_EQ(static_cast<std::uint64_t>(pair.east.requests - asked), pieces - 7 + 1) << "and a look at the manifest";
    EXPECT_EQ(pair.east.log->metrics().snapshots_taken, 1u);

    const auto file = fetch.folder / "files" / fetched->files.front().name;
    {
        std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
        damaged.put('\x7f');
    }
    const auto wrong = co_await fetch_snapshot(&pair.west.client, fetch);
    REQUIRE(!wrong);
    EXPECT_EQ(wrong.error().code, "log.corrupt");
    EXPECT_TRUE(co_await fetch_snapshot(&pair.west.client, fetch));
}

// Goal: another log at the same place, one that was rolled back, and one that grew anew after that: each is noticed.
ASYNC_TEST(Replication, NoticesAnotherPast) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.open();
    for (int i = 0; i < 5; ++i) REQUIRE(co_await pair.east.set("k", std::to_string(i)));
    const auto backup = pair.east.folder / "backup";
    const auto data = pair.east.folder / "data";
    const auto put_back = [&] {
        pair.east.close();
        std::filesystem::remove_all(data);
        std::filesystem::copy(backup, data, std::filesystem::copy_options::recursive);
    };
    pair.east.close();
    std::filesystem::copy(data, backup, std::filesystem::copy_options::recursive);
    pair.east.open();
    for (int i = 5; i < 8; ++i) REQUIRE(co_await pair.east.set("k", std::to_string(i)));
    REQUIRE(co_await pair.west.follower->pull());

    put_back();
    pair.east.open();
    auto refused = co_await pair.west.follower->pull();
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "log.forked") << "it ends before where we are";
    for (int i = 5; i < 9; ++i) REQUIRE(co_await pair.east.set("other", std::to_string(i)));
    refused = co_await pair.west.follower->pull();
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "log.forked") << "the entry where we are is another one";

    put_back();
    REQUIRE(mark_restored(pair.east.options()));
    pair.east.open();
    refused = co_await pair.west.follower->pull();
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "log.other-log");
    EXPECT_TRUE(pair.west.follower->status().needs_snapshot);

    pair.east.close();
    std::filesystem::remove_all(data);
    pair.east.open();
    pair.west.follow(pair.east, pair.east.endpoint());
    refused = co_await pair.west.follower->pull();
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "log.other-log");
}

// Goal: a log that was put back to a place that the replica had not passed is followed on.
ASYNC_TEST(Replication, FollowsARestoredLogWhosePastItShares) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.open();
    REQUIRE(co_await pair.east.set("k", "1"));
    REQUIRE(co_await pair.west.follower->pull());
    REQUIRE(co_await pair.east.set("k", "2"));
    pair.east.close();
    REQUIRE(mark_restored(pair.east.options()));
    pair.east.open();
    REQUIRE(co_await pair.east.set("k", "3"));
    pair.west.follow(pair.east, pair.east.endpoint());
    const auto pulled = co_await pair.west.follower->pull();
    REQUIRE(pulled);
    EXPECT_EQ(*pulled, 2u);
    EXPECT_EQ(pair.west.text("k"), "3");
}

// Goal: stamps from the future are refused, reported, and change nothing.
ASYNC_TEST(Replication, RefusesTheFuture) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.open();
    const std::int64_t future_ms = pair.west.log->wall_ms() + 3'600'000;
    pair.east.close();
    auto options = pair.east.options();
    options.wall_ms = [future_ms] { return future_ms; };
    auto opened = ChangeLog::open(options, co_await boost::asio::this_coro::executor);
    REQUIRE(opened);
    pair.east.log = std::move(*opened);
    pair.east.source = std::make_unique<Source>(pair.east.log.get(), pair.east.source_options);
    REQUIRE(co_await pair.east.set("k", "1"));
    const auto refused = co_await pair.west.follower->pull();
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "clock.ahead");
    EXPECT_EQ(pair.west.log->metrics().refused_entries, 1u);
    EXPECT_TRUE(pair.west.items().empty());
}

ASYNC_TEST(Replication, AsksForTheSecret) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Site east(executor, "us-east-1", 1, "wonderland");
    Site west(executor, "us-west-2", 2);
    east.open();
    west.open();
    west.follow(east, east.endpoint());
    const auto refused = co_await west.follower->pull();
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "log.not-authorized");
    west.secret = "wonderland";
    west.follow(east, east.endpoint());
    EXPECT_TRUE(co_await west.follower->pull());
}

}  // namespace
}  // namespace cloudshelf::changelog
