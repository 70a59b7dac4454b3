#include "controller/leadership.hpp"

#include "base/version.hpp"
#include "io/background.hpp"
#include "store/memory.hpp"
#include "support/async.hpp"

#include <boost/asio/this_coro.hpp>

#include <gmock/gmock.h>

namespace cloudshelf::controller {
namespace {

using namespace std::chrono_literals;

/// The controller of a witness site beside a store; quick.
struct Bench {
    explicit Bench(io::Executor loop)
        : executor(loop),
          leadership(loop, store, {.site = RegionName("us-east-2"), .terms = {.duration = 200ms, .beat = 20ms}}, [] {
              return core::Candidate{.site = RegionName("us-east-2")};
          }) {}
    io::Task<void> set(std::string key, std::string value) {
        const auto there = co_await store.get(key);
        const std::uint64_t revision = *there ? (*there)->revision : 0;
        const auto swapped = co_await store.compare_and_swap(key, revision, value);
        EXPECT_TRUE(swapped && swapped->stored);
    }
    /// Tries to lead, in the background.
    void try_to_lead() { io::run_in_background(executor, win()); }
    io::Task<void> win() { term = co_await leadership.win(); }
    /// Within five seconds.
    io::Task<bool> leads() {
        for (const auto deadline = io::Deadline::after(5s); !deadline.passed() && term == Epoch(0);)
            co_await io::wait_for(5ms);
        co_return term > Epoch(0);
    }
    io::Task<bool> refuses(std::string code) {
        for (const auto deadline = io::Deadline::after(5s); !deadline.passed() && refusal() != code;)
            co_await io::wait_for(5ms);
        co_return refusal() == code;
    }
    io::Task<bool> sees_a_leader() {
        for (const auto deadline = io::Deadline::after(5s); !deadline.passed() && !leadership.record();)
            co_await io::wait_for(5ms);
        co_return leadership.record().has_value();
    }
    std::string refusal() const { return leadership.refuses() ? leadership.refuses()->code : ""; }

    io::Executor executor;
    store::MemoryStore store;
    Leadership leadership;
    Epoch term{0};
};

// Goal: an empty store of a new control plane is led over, and stays one that a backup can be put into; the next leader
// of a journal that has entries says so in it.
ASYNC_TEST(Leadership, BeginsTerms) {
    Bench bench(co_await boost::asio::this_coro::executor);
    bench.try_to_lead();
    const bool leads = co_await bench.leads();
    REQUIRE(leads);
    EXPECT_EQ(bench.term, Epoch(1));
    EXPECT_TRUE(bench.store.entries().empty());
    const auto appended = co_await bench.store.append(1, "x1", "execution", "{}");
    EXPECT_TRUE(appended);
    Leadership next(
        bench.executor,
        bench.store,
        {.site = RegionName("us-east-2"), .terms = {.duration = 200ms, .beat = 20ms}},
        [] { return core::Candidate{.site = RegionName("us-east-2")}; }
    );
    const Epoch term = co_await next.win();
    EXPECT_EQ(term, Epoch(2));
    REQUIRE(bench.store.entries().size() == 2);
    EXPECT_EQ(bench.store.entries()[1].kind, "term");
    EXPECT_EQ(bench.store.entries()[1].term, 2u);
    const auto format = co_await bench.store.get(format_key);
    EXPECT_EQ((*format)->value, std::to_string(state_format));
}

// Goal: nobody leads over a store that knows less than was known before (reliability.md R2), until its term is raised.
ASYNC_TEST(Leadership, DoesNotLeadOverAStoreThatForgot) {
    Bench bench(co_await boost::asio::this_coro::executor);
    bench.leadership.remember(Epoch(7));
    bench.try_to_lead();
    const bool refuses = co_await bench.refuses("store.forgot");
    REQUIRE(refuses);
    co_await bench.set(term_key, "6");
    co_await io::wait_for(100ms);
    EXPECT_EQ(bench.term, Epoch(0));
    co_await bench.set(term_key, "8");
    const bool leads = co_await bench.leads();
    REQUIRE(leads);
    EXPECT_EQ(bench.term, Epoch(9));
    EXPECT_EQ(bench.refusal(), "");
}

// Goal: state of the next release's format is left to that release.
ASYNC_TEST(Leadership, DoesNotLeadOverNewerState) {
    Bench bench(co_await boost::asio::this_coro::executor);
    co_await bench.set(format_key, std::to_string(state_format + 1));
    bench.try_to_lead();
    const bool refuses = co_await bench.refuses("store.newer-format");
    REQUIRE(refuses);
    EXPECT_EQ(bench.term, Epoch(0));
    const auto leader = co_await bench.store.get(leader_key);
    EXPECT_FALSE(leader->has_value());
    co_await bench.set(format_key, std::to_string(state_format));
    const bool leads = co_await bench.leads();
    REQUIRE(leads);
}

// Goal: a follower whose store is emptied under it remembers the term that it saw.
ASYNC_TEST(Leadership, RemembersTheTermOfAStoreThatWasEmptied) {
    Bench bench(co_await boost::asio::this_coro::executor);
    const core::LeaseRecord other{.region = RegionName("us-west-2"), .epoch = Epoch(5)};
    co_await bench.set(leader_key, core::to_json(other));
    bench.try_to_lead();
    const bool seen = co_await bench.sees_a_leader();
    EXPECT_TRUE(seen);
    bench.store = store::MemoryStore();
    const bool refuses = co_await bench.refuses("store.forgot");
    REQUIRE(refuses);
    EXPECT_EQ(bench.leadership.known(), Epoch(5));
    EXPECT_FALSE(bench.leadership.record());
}

}  // namespace
}  // namespace cloudshelf::controller
