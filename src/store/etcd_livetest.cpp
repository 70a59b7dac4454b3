#include "base/base64.hpp"
#include "store/contract_test.hpp"
#include "store/etcd.hpp"
#include "support/etcd_cluster.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>

#include <set>

namespace cloudshelf::store {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using cloudshelf::testing::EtcdCluster;

EtcdStore::Options options(const EtcdCluster& cluster) {
    return {.gateway = {.endpoints = cluster.endpoints(), .try_limit = 1s}};
}

#define START(cluster, store)                                        \
    const auto store##_started = (cluster).start();                  \
    REQUIRE(store##_started);                                        \
    const bool store##_answers = co_await (cluster).answers(&store); \
    if (!store##_answers) ADD_FAILURE() << (cluster).log(0);         \
    REQUIRE(store##_answers)

double milliseconds_since(TimePoint start) {
    return std::chrono::duration<double, std::milli>(io::now() - start).count();
}

ASYNC_TEST(Etcd, KeepsTheContract) {
    EtcdCluster cluster;
    EtcdStore store(co_await boost::asio::this_coro::executor, options(cluster));
    START(cluster, store);
    co_await contract::check(&store);
    const auto members = co_await store.status();
    EXPECT_EQ(members.size(), 3u);
    EXPECT_EQ(std::ranges::count_if(members, &EtcdStatus::leads), 1);
    EXPECT_EQ(std::ranges::count_if(members, &EtcdStatus::has_leader), 3);
    EXPECT_EQ(members[0].version.substr(0, 4), "3.4.");
}

/// Stores the next number until that is certain; what is unknown is read again. Answers how long it took in ms.
io::Task<double> count_on(EtcdStore* store, int number, std::string* problem) {
    const TimePoint start = io::now();
    for (const auto deadline = io::Deadline::after(30s); !deadline.passed();) {
        const auto found = co_await store->get("number");
        if (!found) continue;
        const Entry now = found->value_or(Entry{});
        if (now.value == std::to_string(number)) co_return milliseconds_since(start);
        if (now.revision != static_cast<std::uint64_t>(number) - 1) break;
        const auto stored = co_await store->compare_and_swap("number", now.revision, std::to_string(number));
        if (stored && stored->stored) co_return milliseconds_since(start);
    }
    *problem = fmt::format("number {} was not stored", number);
    co_return 0;
}

// Goal: one member's end costs a moment, whichever it is; nothing is stored twice or lost. Method: kill each in turn,
// a follower or the leader; count on; start it again.
ASYNC_TEST(Etcd, OneMemberLessIsEnough) {
    EtcdCluster cluster;
    EtcdStore store(co_await boost::asio::this_coro::executor, options(cluster));
    START(cluster, store);
    std::string problem;
    int number = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        const auto leader = co_await cluster.leader(&store);
        cluster.kill(i);
        const double first = co_await count_on(&store, ++number, &problem);
        double slowest = 0;
        for (int more = 0; more < 10; ++more) {
            const double took = co_await count_on(&store, ++number, &problem);
            slowest = std::max(slowest, took);
        }
        EXPECT_EQ(problem, "");
        fmt::print(
            "killed the {}: first change {:.1f} ms, then at most {:.1f} ms\n",
            leader == i ? "leader" : "follower",
            first,
            slowest
        );
        if (leader != i) EXPECT_LT(first, 500);  // no election
        const auto appended = co_await store.append(1, "x1", "step", "{}");
        EXPECT_TRUE(appended) << appended.error().message;
        const auto started = cluster.start(i);
        REQUIRE(started);
        for (const auto deadline = io::Deadline::after(20s); !deadline.passed();) {
            const auto members = co_await store.status();
            if (members[i].has_leader) break;
            co_await io::wait_for(5ms);
        }
    }
    const auto fault = co_await store.verify();
    EXPECT_TRUE(fault && !*fault);
}

// Goal: the member that is wanted leads, whoever led before, and losing another costs no election. Method: ask for
// each.
ASYNC_TEST(Etcd, LeadsFromTheWantedMember) {
    EtcdCluster cluster;
    EtcdStore store(co_await boost::asio::this_coro::executor, options(cluster));
    START(cluster, store);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto moved = co_await store.lead_from(cluster.endpoints()[i]);
        EXPECT_TRUE(moved) << moved.error().message;
        const auto leader = co_await cluster.leader(&store);
        EXPECT_EQ(leader, i);
    }
}

// Goal: without a majority nothing is acknowledged, "not done" is never found later, and everything goes on when one
// comes back. Method: kill two, try many different values at the same revision, restart, look which is there.
ASYNC_TEST(Etcd, WithoutAMajorityNothingIsAcknowledged) {
    EtcdCluster cluster;
    auto fast = options(cluster);
    fast.gateway.try_limit = 200ms;
    fast.append_limit = 400ms;
    EtcdStore store(co_await boost::asio::this_coro::executor, fast);
    START(cluster, store);
    // Once the leader is among the dead, once it is the survivor, who proposes to nobody.
    for (const bool leader_lives : {false, true}) {
        SCOPED_TRACE(leader_lives ? "the leader lives" : "the leader is dead");
        const std::string key = leader_lives ? "b" : "a";
        const auto before = co_await store.compare_and_swap(key, 0, "before");
        REQUIRE(before && before->stored);
        const auto leader = co_await cluster.leader(&store);
        REQUIRE(leader.has_value());
        const std::size_t survivor = leader_lives ? *leader : (*leader + 1) % 3;
        for (std::size_t i = 0; i < 3; ++i) {
            if (i != survivor) cluster.kill(i);
        }
        std::set<std::string> not_done;
        std::set<std::string> unknown;
        int refused = 0;
        for (const auto deadline = io::Deadline::after(20s); refused < 20 && !deadline.passed();) {
            const std::string value = std::to_string(not_done.size() + unknown.size());
            const auto tried = co_await store.compare_and_swap(key, 1, value);
            REQUIRE(!tried);
            EXPECT_TRUE(tried.error().retryable);
            (tried.error().certainty == Certainty::unknown ? unknown : not_done).insert(value);
            if (tried.error().code == "store.no-quorum") {
                EXPECT_EQ(tried.error().certainty, Certainty::not_done);
                ++refused;
            }
        }
        EXPECT_EQ(refused, 20);
        const auto read = co_await store.get(key);
        EXPECT_FALSE(read);
        const auto appended = co_await store.append(1, "x1", "step", "{}");
        EXPECT_FALSE(appended);
        const auto members = co_await store.status();
        EXPECT_TRUE(members[survivor].answers);
        EXPECT_FALSE(members[survivor].has_leader);

        for (std::size_t i = 0; i < 3; ++i) {
            if (i == survivor) continue;
            const auto started = cluster.start(i);
            REQUIRE(started);
        }
        const bool back = co_await cluster.answers(&store);
        REQUIRE(back);
        const auto found = co_await store.get(key);
        REQUIRE(found && *found);
        EXPECT_FALSE(not_done.contains((*found)->value)) << (*found)->value;
        EXPECT_EQ((*found)->revision, (*found)->value == "before" ? 1u : 2u);
        fmt::print("{} refused, {} unknown; then there was \"{}\"\n", not_done.size(), unknown.size(), (*found)->value);
    }
    const auto fault = co_await store.verify();
    EXPECT_TRUE(fault && !*fault);
}

// Goal: a member that hangs leaves one answer in doubt and is then avoided.
ASYNC_TEST(Etcd, AFrozenMemberIsAvoided) {
    EtcdCluster cluster;
    EtcdStore store(co_await boost::asio::this_coro::executor, options(cluster));
    START(cluster, store);
    std::string problem;
    co_await count_on(&store, 1, &problem);
    auto leader = co_await cluster.leader(&store);
    REQUIRE(leader.has_value());
    // A follower, asked first.
    const std::size_t frozen = (*leader + 1) % 3;
    auto asks_it_first = options(cluster);
    asks_it_first.gateway.try_limit = 300ms;
    std::ranges::rotate(
        asks_it_first.gateway.endpoints, asks_it_first.gateway.endpoints.begin() + static_cast<long>(frozen)
    );
    EtcdStore other(co_await boost::asio::this_coro::executor, asks_it_first);
    cluster.send(frozen, SIGSTOP);
    const auto doubtful = co_await other.compare_and_swap("number", 1, "2");
    REQUIRE(!doubtful);
    EXPECT_EQ(doubtful.error().certainty, Certainty::unknown);
    const TimePoint start = io::now();
    co_await count_on(&other, 2, &problem);
    EXPECT_LT(milliseconds_since(start), 300);
    cluster.send(frozen, SIGCONT);
    // It wakes up with our request still before it: refused by the revision, or it was the one that counted.
    for (int number = 3; number < 20; ++number) co_await count_on(&other, number, &problem);
    EXPECT_EQ(problem, "");
}

// Goal: whatever somebody does to the keys, verify says where.
ASYNC_TEST(Etcd, FindsWhatWasTamperedWith) {
    EtcdCluster cluster({.members = 1});
    const auto executor = co_await boost::asio::this_coro::executor;
    EtcdGateway gateway(executor, {.endpoints = cluster.endpoints()});
    const auto key = [](int journal, int index) { return base64(fmt::format("j{}/{:020}", journal, index)); };
    const auto put = [&](std::string where, std::string value) {
        return gateway.call("/v3/kv/put", {{"key", where}, {"value", value}}, EtcdGateway::Repeatable::yes);
    };
    EtcdStore first(executor, options(cluster));
    START(cluster, first);
    for (int n = 0; n < 6; ++n) {
        auto named = options(cluster);
        named.journal = fmt::format("j{}", n);
        EtcdStore store(executor, named);
        for (int i = 0; i < 5; ++i) {
            const auto appended = co_await store.append(1, "e1", "step", std::to_string(i));
            REQUIRE(appended);
        }
        json::object third{{"key", key(n, 3)}};
        const auto there = co_await gateway.call("/v3/kv/range", third, EtcdGateway::Repeatable::yes);
        REQUIRE(there);
        const std::string bytes(there->at("kvs").at(0).at("value").as_string());
        std::uint64_t expected = 0;
        if (n == 0) {  // changed
            auto changed = json::parse(from_base64(bytes).value()).as_object();
            changed["data"] = "{}";
            const auto done = co_await put(key(n, 3), base64(json::serialize(changed)));
            REQUIRE(done);
            expected = 3;
        } else if (n == 1) {  // made unreadable
            const auto done = co_await put(key(n, 3), base64("?"));
            REQUIRE(done);
            expected = 3;
        } else if (n == 2 || n == 3) {  // taken out; cut off
            json::object range{{"key", key(n, n == 2 ? 3 : 4)}, {"range_end", key(n, n == 2 ? 4 : 9)}};
            const auto done = co_await gateway.call("/v3/kv/deleterange", range, EtcdGateway::Repeatable::yes);
            REQUIRE(done);
            expected = n == 2 ? 3 : 4;
        } else if (n == 4) {  // put a second time
            const auto done = co_await put(key(n, 3), bytes);
            REQUIRE(done);
            expected = 3;
        } else {  // something else among them
            const auto done = co_await put(base64("j5/00000000000000000003x"), bytes);
            REQUIRE(done);
            expected = 4;
        }
        const auto fault = co_await store.verify();
        REQUIRE(fault && fault->has_value());
        EXPECT_EQ((*fault)->index, expected) << n << ": " << (*fault)->what;
    }
}

// Goal: a full database refuses changes with a code of its own, loses nothing, and still reads; the first one refused
// may be there all the same, and only that one.
ASYNC_TEST(Etcd, AFullDatabaseIsSaidSo) {
    EtcdCluster cluster({.members = 1, .quota_bytes = 4 << 20});
    EtcdStore store(co_await boost::asio::this_coro::executor, options(cluster));
    START(cluster, store);
    std::uint64_t revision = 0;
    Error full;
    while (revision < 1000 && full.code.empty()) {
        const std::string value(value_bytes_max, static_cast<char>('a' + revision % 26));
        const auto stored = co_await store.compare_and_swap("k", revision, value);
        if (stored) {
            ++revision;
        } else {
            full = stored.error();
        }
    }
    EXPECT_EQ(full.code, "store.disk-full");
    EXPECT_EQ(full.certainty, Certainty::unknown);
    const auto appended = co_await store.append(1, "x1", "step", "{}");
    REQUIRE(!appended);
    EXPECT_EQ(appended.error().code, "store.disk-full");
    const auto found = co_await store.get("k");
    REQUIRE(found && *found);
    EXPECT_TRUE((*found)->revision == revision || (*found)->revision == revision + 1) << (*found)->revision;
    for (int i = 0; i < 5; ++i) {
        const auto refused = co_await store.compare_and_swap("k", (*found)->revision, "small");
        EXPECT_EQ(refused ? "stored" : refused.error().code, "store.disk-full");
    }
    const auto still = co_await store.get("k");
    REQUIRE(still && *still);
    EXPECT_EQ((*still)->revision, (*found)->revision);
}

}  // namespace
}  // namespace cloudshelf::store
