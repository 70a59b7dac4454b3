// Goal: whatever is dead, stopped or late, no client sees a commit acknowledged after the lease page's deadline.
// Method: clients that never stop writing, one of them inside a statement of several seconds; the page is simply not
// renewed any more, which is what a stopped agent looks like. Each client notes the moment of its last acknowledgement.
#include "support/postgres_pair.hpp"

#include <boost/json.hpp>

#include <cstring>
#include <map>
#include <set>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace cloudshelf::testing {
namespace {

class Writers {
public:
    Writers(const PostgresSite& site, int count) {
        for (int i = 0; i < count; ++i) threads_.emplace_back([this, &site, i] { write(site, i); });
    }
    ~Writers() { finish(); }

    void finish() {
        ending_ = true;
        for (auto& thread : threads_)
            if (thread.joinable()) thread.join();
    }
    TimePoint last() const { return TimePoint(Duration(last_.load())); }
    std::uint64_t acknowledged() const { return acknowledged_; }
    /// The slow client's statement is under way.
    bool slow_is_busy() const { return slow_busy_; }

private:
    void note() {
        const auto at = io::now().time_since_epoch().count();
        auto before = last_.load();
        while (before < at && !last_.compare_exchange_weak(before, at)) {
        }
        ++acknowledged_;
    }

    void write(const PostgresSite& site, int number) {
        std::uint64_t id = static_cast<std::uint64_t>(number) * 1'000'000'000;
        while (!ending_) {
            auto connection = site.connect();
            if (!connection) {
                std::this_thread::sleep_for(1ms);
                continue;
            }
            for (;;) {
                const bool slow = number == 0;
                if (slow) slow_busy_ = true;
                const auto done = connection->execute(
                    slow ? fmt::format("INSERT INTO t SELECT {}, pg_sleep(4)::text", ++id)
                         : fmt::format("INSERT INTO t VALUES ({}, 'x')", ++id)
                );
                if (done) {
                    note();
                } else if (!connection->is_open()) {
                    break;
                }
                if (ending_) return;
            }
        }
    }

    std::atomic<bool> ending_ = false;
    std::atomic<bool> slow_busy_ = false;
    std::atomic<std::int64_t> last_ = 0;
    std::atomic<std::uint64_t> acknowledged_ = 0;
    std::vector<std::thread> threads_;
};

/// With a process namespace for each cluster, and without, as where the kernel allows none.
class FencerLive : public ::testing::TestWithParam<const char*> {
protected:
    bool own_namespace = std::string(GetParam()) == "yes";
    PostgresPair pair{142, {FENCER_PROGRAM, "--namespace", GetParam()}};
    PostgresSite& east = *pair.east;

    bool all_gone() { return east.processes().empty(); }

    /// What the fencer noted about the fence at that deadline; it does so when all are gone.
    boost::json::object fence_at(TimePoint deadline) {
        boost::json::object found;
        eventually([&] {
            std::istringstream lines(io::read_file(east.folder / "fences.jsonl").value_or(""));
            for (std::string line; std::getline(lines, line);) {
                auto fence = boost::json::parse(line).as_object();
                if (fence.at("deadline_ns").as_int64() == deadline.time_since_epoch().count()) found = std::move(fence);
            }
            return !found.empty();
        });
        return found;
    }
};

INSTANTIATE_TEST_SUITE_P(Namespace, FencerLive, ::testing::Values("yes", "no"), [](const auto& named) {
    return named.param;
});

TEST_P(FencerLive, NobodyIsAcknowledgedAfterTheDeadline) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    for (int round = 0; round < 3; ++round) {
        Writers writers(east, 6);
        ASSERT_TRUE(eventually([&] { return writers.acknowledged() > 200 && writers.slow_is_busy(); }));
        const TimePoint deadline = east.let_lapse();
        ASSERT_TRUE(eventually([&] { return all_gone(); }));
        // The long statement would have ended by now, had its process lived.
        ASSERT_TRUE(eventually([&] { return io::now() > deadline + 3s; }));
        writers.finish();
        EXPECT_LE(writers.last(), deadline);
        EXPECT_GT(writers.last(), deadline - PostgresSite::lease);  // they wrote until shortly before
        const auto fence = fence_at(deadline);
        ASSERT_TRUE(fence.contains("gone_ns"));
        EXPECT_EQ(fence.at("reason").as_string(), "lease ran out");
        EXPECT_LE(fence.at("gone_ns").as_int64(), deadline.time_since_epoch().count());
        fmt::print(
            "fence took {:.1f} ms; last acknowledgement {:.1f} ms before the deadline\n",
            static_cast<double>(fence.at("gone_ns").as_int64() - fence.at("at_ns").as_int64()) / 1e6,
            std::chrono::duration<double, std::milli>(deadline - writers.last()).count()
        );
        EXPECT_FALSE(east.cluster->start_primary());  // the page does not allow it
        east.write(Epoch(static_cast<std::uint64_t>(round) + 2));
        ASSERT_TRUE(PostgresPair::done(east.cluster->start_primary()));
        ASSERT_TRUE(eventually([&] { return east.ask("SELECT 1").has_value(); }));
    }
}

/// Its orphaned backends would go on acknowledging, the long statement for seconds.
TEST_P(FencerLive, AKilledPostmasterTakesItsBackendsWithIt) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    Writers writers(east, 6);
    ASSERT_TRUE(eventually([&] { return writers.acknowledged() > 200 && writers.slow_is_busy(); }));
    const pid_t postmaster = east.postmaster();
    ASSERT_GT(postmaster, 0);
    const TimePoint killed = io::now();
    ::kill(postmaster, SIGKILL);
    ASSERT_TRUE(eventually([&] { return all_gone(); }));
    const TimePoint gone = io::now();
    const TimePoint deadline = east.let_lapse();
    ASSERT_TRUE(eventually([&] { return io::now() > killed + 5s; }));
    writers.finish();
    // An answer that lay in a client's socket already may be read a little later; an orphan would go on for seconds.
    EXPECT_LE(writers.last(), gone + 500ms);
    EXPECT_LE(writers.last(), deadline);
}

TEST_P(FencerLive, WithoutItsFencerThereIsNoCluster) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    Writers writers(east, 6);
    ASSERT_TRUE(eventually([&] { return writers.acknowledged() > 200 && writers.slow_is_busy(); }));
    const TimePoint killed = io::now();
    east.end_fencer(SIGKILL);
    if (!own_namespace) east.start_fencer();  // what supervises it does that; the leftovers end then
    ASSERT_TRUE(eventually([&] { return all_gone(); }));
    const TimePoint gone = io::now();
    east.let_lapse();
    ASSERT_TRUE(eventually([&] { return io::now() > killed + 5s; }));
    writers.finish();
    EXPECT_LE(writers.last(), gone + 500ms);
    fmt::print(
        "{}: gone {:.1f} ms after the fencer\n",
        own_namespace ? "with a process namespace" : "without",
        std::chrono::duration<double, std::milli>(gone - killed).count()
    );
    // And a new fencer starts the same data again.
    if (own_namespace) east.start_fencer();
    east.write(Epoch(2));
    ASSERT_TRUE(PostgresPair::done(east.cluster->start_primary()));
    EXPECT_TRUE(eventually([&] { return east.ask("SELECT count(*) FROM t").has_value(); }));
}

TEST_P(FencerLive, APromotionThatThePageDoesNotAllowIsEnded) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    ASSERT_NO_FATAL_FAILURE(pair.make_standby());
    PostgresSite& west = *pair.west;
    const TimePoint began = io::now();
    // pg_ctl promote and the like: nobody asked the lease.
    [[maybe_unused]] const auto asked = west.ask("SELECT pg_promote(false)", "cloudshelf_admin");
    ASSERT_TRUE(eventually([&] { return west.processes().empty(); }));
    fmt::print(
        "ended {:.1f} ms after it was asked for\n", std::chrono::duration<double, std::milli>(io::now() - began).count()
    );
    EXPECT_FALSE(west.cluster->start_primary());
}

TEST_P(FencerLive, AClientThatSaysNothingDelaysNothing) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    std::vector<int> silent;
    for (int i = 0; i < 30; ++i) {
        const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sockaddr_un address{.sun_family = AF_UNIX};
        const std::string path = east.folder / "fencer.sock";
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        [[maybe_unused]] const int connected =
            ::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address);
        silent.push_back(descriptor);
    }
    EXPECT_TRUE(east.cluster->is_running());
    const TimePoint deadline = east.let_lapse();
    ASSERT_TRUE(eventually([&] { return all_gone(); }));
    const auto fence = fence_at(deadline);
    ASSERT_TRUE(fence.contains("gone_ns"));
    EXPECT_LE(fence.at("gone_ns").as_int64(), deadline.time_since_epoch().count());
    for (const int descriptor : silent) ::close(descriptor);
}

TEST_P(FencerLive, AKilledClusterLeavesNoSharedMemory) {
    ASSERT_NO_FATAL_FAILURE(pair.make_primary());
    // Its id is in the seventh line of the lock file.
    std::istringstream lines(io::read_file(east.folder / "pgdata" / "postmaster.pid").value_or(""));
    std::string line;
    for (int i = 0; i < 7; ++i) std::getline(lines, line);
    std::istringstream words(line);
    long key = 0;
    int id = -1;
    ASSERT_TRUE(words >> key >> id);
    shmid_ds memory{};
    ASSERT_EQ(::shmctl(id, IPC_STAT, &memory), 0);
    ASSERT_TRUE(PostgresPair::done(east.cluster->kill()));
    EXPECT_NE(::shmctl(id, IPC_STAT, &memory), 0);
    EXPECT_FALSE(fs::exists(east.folder / "pgdata" / "postmaster.pid"));
}

}  // namespace
}  // namespace cloudshelf::testing
