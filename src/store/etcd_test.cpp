#include "store/etcd.hpp"

#include "base/base64.hpp"
#include "io/background.hpp"
#include "store/etcd_server.hpp"
#include "support/async.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <deque>
#include <gmock/gmock.h>
#include <map>

namespace cloudshelf::store {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* no_leader = R"({"error":"etcdserver: no leader","message":"etcdserver: no leader","code":14})";
constexpr const char* timed_out = R"({"message":"etcdserver: request timed out","code":14})";

/// A member of a few lines: answers what the test has laid ready, in order, and notes what it was asked. `made` makes
/// the answer from the question.
class Scripted {
public:
    struct Answer {
        int status = 200;
        std::string body;
        Duration after{};
        std::function<std::string(const json::value& asked)> made;
    };

    explicit Scripted(io::Executor executor, std::string address)
        : endpoint_{std::move(address), 0}, server_(executor, {.listen = endpoint_}, [this](io::HttpRequest request) {
              return answer(std::move(request));
          }) {
        EXPECT_TRUE(server_.start());
        endpoint_.port = server_.port();
    }

    void then(Answer next) { answers_.push_back(std::move(next)); }
    io::Endpoint endpoint() const { return endpoint_; }
    const std::vector<json::value>& asked() const { return asked_; }
    io::Task<void> stop() { return server_.stop(io::Deadline::after(1ms)); }

private:
    io::Task<io::HttpResponse> answer(io::HttpRequest request) {
        EXPECT_EQ(request.method, "POST");
        EXPECT_EQ(request.header("Grpc-Metadata-hasleader"), "true");
        asked_.push_back(json::parse(request.body));
        if (answers_.empty()) {
            ADD_FAILURE() << "not expected: " << request.body;
            co_return io::HttpResponse::json(500, "{}");
        }
        const Answer next = std::move(answers_.front());
        answers_.pop_front();
        if (next.after > Duration::zero()) co_await io::wait_for(next.after);
        co_return io::HttpResponse::json(next.status, next.made ? next.made(asked_.back()) : next.body);
    }

    io::Endpoint endpoint_;
    std::deque<Answer> answers_;
    std::vector<json::value> asked_;
    io::HttpServer server_;
};

/// Two members, and a store that asks `first` first.
struct Pair {
    explicit Pair(io::Executor executor)
        : first(executor, "127.0.77.51"),
          second(executor, "127.0.77.52"),
          store(
              executor,
              {.gateway = {.endpoints = {first.endpoint(), second.endpoint()}, .try_limit = 100ms},
               .append_limit = 300ms}
          ) {}
    io::Task<void> stop() {
        co_await first.stop();
        co_await second.stop();
    }

    Scripted first;
    Scripted second;
    EtcdStore store;
};

std::string put_of(const json::value& asked, int n) {
    return std::string(asked.at_pointer(fmt::format("/success/{}/requestPut/value", n)).as_string());
}

// Goal: what goes over the wire is what etcd 3.4's gateway takes and gives.
ASYNC_TEST(EtcdStore, SpeaksTheGatewaysJson) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.first.then({.body = R"({"header":{"revision":"2"},"succeeded":true,"responses":[{"response_put":{}}]})"});
    const auto stored = co_await pair.store.compare_and_swap("lease", 2, "v1");
    REQUIRE(stored);
    EXPECT_TRUE(stored->stored);
    EXPECT_EQ(stored->current.revision, 3u);
    EXPECT_EQ(
        json::serialize(pair.first.asked().back()),
        R"({"compare":[{"key":"bGVhc2U=","target":"VERSION","result":"EQUAL","version":"2"}],)"
        R"("success":[{"requestPut":{"key":"bGVhc2U=","value":"djE="}}],)"
        R"("failure":[{"requestRange":{"key":"bGVhc2U="}}]})"
    );
    // "succeeded" is left out when it is false, "value" when it is empty.
    pair.first.then({.body = R"({"responses":[{"response_range":{"kvs":[{"key":"bGVhc2U=","version":"9"}]}}]})"});
    const auto refused = co_await pair.store.compare_and_swap("lease", 2, "v1");
    REQUIRE(refused);
    EXPECT_FALSE(refused->stored);
    EXPECT_EQ(refused->current.revision, 9u);
    EXPECT_EQ(refused->current.value, "");
    pair.first.then({.body = R"({"header":{"revision":"2"}})"});
    const auto nothing = co_await pair.store.get("lease");
    REQUIRE(nothing);
    EXPECT_FALSE(nothing->has_value());
    EXPECT_EQ(json::serialize(pair.first.asked().back()), R"({"key":"bGVhc2U="})");
    pair.first.then({.body = R"({"kvs":[{"version":"1","value":"no base64!"}]})"});
    const auto nonsense = co_await pair.store.get("lease");
    EXPECT_EQ(nonsense.error().code, "store.failed");
    co_await pair.stop();
}

// Goal: a member that certainly did nothing is passed over; who answered is asked first from then on.
ASYNC_TEST(EtcdStore, GoesOnToTheNextMember) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.first.then({.status = 503, .body = no_leader});
    pair.second.then({.body = R"({"succeeded":true})"});
    const auto stored = co_await pair.store.compare_and_swap("k", 0, "v");
    EXPECT_TRUE(stored && stored->stored);
    pair.second.then({.body = R"({"succeeded":true})"});
    const auto again = co_await pair.store.compare_and_swap("k", 1, "v");
    EXPECT_TRUE(again && again->stored);
    EXPECT_EQ(pair.first.asked().size(), 1u);

    pair.second.then({.status = 503, .body = no_leader});
    pair.first.then({.status = 503, .body = no_leader});
    const auto nobody = co_await pair.store.compare_and_swap("k", 2, "v");
    REQUIRE(!nobody);
    EXPECT_EQ(nobody.error().code, "store.no-quorum");
    EXPECT_EQ(nobody.error().certainty, Certainty::not_done);
    co_await pair.stop();
    const auto away = co_await pair.store.compare_and_swap("k", 2, "v");
    REQUIRE(!away);
    EXPECT_EQ(away.error().code, "store.unreachable");
    EXPECT_EQ(away.error().certainty, Certainty::not_done);
    EXPECT_THAT(away.error().message, HasSubstr("127.0.77.52"));
}

// Goal: a swap whose answer is lost is unknown and is not sent to anybody else; a read is.
ASYNC_TEST(EtcdStore, DoesNotRepeatWhatMayHaveBeenDone) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.first.then({.body = R"({"succeeded":true})", .after = 1s});
    const auto late = co_await pair.store.compare_and_swap("k", 0, "v");
    REQUIRE(!late);
    EXPECT_EQ(late.error().code, "store.no-answer");
    EXPECT_EQ(late.error().certainty, Certainty::unknown);
    EXPECT_TRUE(pair.second.asked().empty());
    // The silent one is asked last now.
    pair.second.then({.status = 503, .body = timed_out});
    const auto doubtful = co_await pair.store.compare_and_swap("k", 0, "v");
    REQUIRE(!doubtful);
    EXPECT_EQ(doubtful.error().certainty, Certainty::unknown);
    pair.first.then({.status = 503, .body = timed_out});
    pair.second.then({.body = R"({"kvs":[{"version":"1","value":"dg=="}]})"});
    const auto found = co_await pair.store.get("k");
    REQUIRE(found && *found);
    EXPECT_EQ((*found)->value, "v");
    pair.second.then({.status = 503, .body = timed_out});
    pair.first.then({.status = 503, .body = timed_out});
    const auto unread = co_await pair.store.get("k");
    REQUIRE(!unread);
    EXPECT_EQ(unread.error().certainty, Certainty::not_done);
    co_await pair.stop();
}

io::Task<void> swap(EtcdStore* store, std::string key, std::map<std::string, Result<Swapped>>* heard) {
    const auto swapped = co_await store->compare_and_swap(key, 4, "v");
    heard->emplace(std::move(key), swapped);
}

// Goal: swaps that are asked for while one is under way travel in one transaction, each deciding for itself; where the
// answer is lost, each of them is in doubt.
ASYNC_TEST(EtcdStore, SwapsTravelTogether) {
    const auto executor = co_await boost::asio::this_coro::executor;
    Pair pair(executor);
    for (const bool lost : {false, true}) {
        pair.first.then({.body = R"({"succeeded":true})", .after = 10ms});
        if (lost) {
            pair.first.then({.status = 503, .body = timed_out});
        } else {
            pair.first.then({
                .body = R"({"succeeded":true,"responses":[)"
                        R"({"response_txn":{"succeeded":true,"responses":[{"response_put":{}}]}},)"
                        R"({"response_txn":{"responses":[{"response_range":{"kvs":[{"version":"9"}]}}]}}]})",
            });
        }
        std::map<std::string, Result<Swapped>> heard;
        for (const char* key : {"a", "b", "c"}) io::run_in_background(executor, swap(&pair.store, key, &heard));
        for (const auto deadline = io::Deadline::after(5s); heard.size() < 3 && !deadline.passed();)
            co_await io::wait_for(1ms);
        REQUIRE(heard.size() == 3);
        EXPECT_TRUE(heard.at("a") && heard.at("a")->stored);
        const auto& asked = pair.first.asked().back().as_object();
        EXPECT_FALSE(asked.contains("compare"));
        EXPECT_EQ(asked.at("success").as_array().size(), 2u);
        EXPECT_TRUE(asked.at("success").as_array()[1].as_object().contains("requestTxn"));
        if (lost) {
            for (const char* key : {"b", "c"}) EXPECT_EQ(heard.at(key).error().certainty, Certainty::unknown);
            continue;
        }
        REQUIRE(heard.at("b") && heard.at("c"));
        EXPECT_TRUE(heard.at("b")->stored);
        EXPECT_EQ(heard.at("b")->current.revision, 5u);
        EXPECT_FALSE(heard.at("c")->stored);
        EXPECT_EQ(heard.at("c")->current.revision, 9u);
    }
    co_await pair.stop();
}

// Goal: what changed since a mark; and all of it from a store that was set back to before the mark.
ASYNC_TEST(EtcdStore, TellsWhatChanged) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.first.then({.body = R"({"header":{"revision":"40"},"kvs":[{"key":"YXBwLzE=","version":"3","value":"dg=="}]})"}
    );
    const auto all = co_await pair.store.changes("app/", 0);
    REQUIRE(all && all->entries.size() == 1);
    EXPECT_EQ(all->entries[0].key, "app/1");
    EXPECT_EQ(all->mark, 40u);
    EXPECT_FALSE(pair.first.asked().back().as_object().contains("min_mod_revision"));
    pair.first.then({.body = R"({"header":{"revision":"41"}})"});
    const auto none = co_await pair.store.changes("app/", 40);
    REQUIRE(none);
    EXPECT_TRUE(none->entries.empty());
    EXPECT_EQ(pair.first.asked().back().at("min_mod_revision").as_string(), "41");
    pair.first.then({.body = R"({"header":{"revision":"7"}})"});
    pair.first.then({.body = R"({"header":{"revision":"7"},"kvs":[{"key":"YXBwLzE=","version":"1"}]})"});
    const auto set_back = co_await pair.store.changes("app/", 41);
    REQUIRE(set_back && set_back->entries.size() == 1);
    EXPECT_EQ(set_back->mark, 7u);
    co_await pair.stop();
}

// Goal: an entry whose answer was lost is in the journal once. Method: the first member stores it and says nothing; the
// second then finds the very same bytes there.
ASYNC_TEST(EtcdStore, AnAppendIsRepeatedByteForByte) {
    Pair pair(co_await boost::asio::this_coro::executor);
    pair.first.then({.body = R"({"header":{"revision":"1"}})"});  // no head yet
    pair.first.then({.status = 503, .body = timed_out});
    pair.second.then({.made = [](const json::value& asked) {
        return fmt::format(
            R"({{"responses":[{{"response_range":{{"kvs":[{{"version":"1","value":"{}"}}]}}}},)"
            R"({{"response_range":{{"kvs":[{{"version":"1","value":"{}"}}]}}}}]}})",
            put_of(asked, 0),
            put_of(asked, 1)
        );
    }});
    const auto index = co_await pair.store.append(1, "x1", "step", "{}");
    EXPECT_EQ(index.value_or(0), 1u);
    EXPECT_EQ(json::serialize(pair.first.asked().back()), json::serialize(pair.second.asked().back()));

    // Another writer was first: its entry 2 is there, and ours becomes the third.
    const std::string head = base64(R"({"index":2,"hash":"h2"})");
    pair.second.then(
        {.body = fmt::format(
             R"({{"responses":[{{"response_range":{{"kvs":[{{"version":"1","value":"eA=="}}]}}}},)"
             R"({{"response_range":{{"kvs":[{{"version":"2","value":"{}"}}]}}}}]}})",
             head
         )}
    );
    pair.second.then({.body = R"({"succeeded":true})"});
    const auto third = co_await pair.store.append(1, "x1", "step", "{}");
    EXPECT_EQ(third.value_or(0), 3u);
    const auto entry = json::parse(from_base64(put_of(pair.second.asked().back(), 0)).value());
    EXPECT_EQ(entry.at("previous_hash").as_string(), "h2");

    // Nobody says what became of it, until the limit has passed.
    for (int i = 0; i < 100; ++i) {
        pair.first.then({.status = 503, .body = no_leader});
        pair.second.then({.status = 503, .body = i == 0 ? timed_out : no_leader});
    }
    const auto doubtful = co_await pair.store.append(1, "x1", "step", "{}");
    REQUIRE(!doubtful);
    EXPECT_EQ(doubtful.error().certainty, Certainty::unknown);
    co_await pair.stop();
}

// Goal: each thing a member may say is taken for what it means; what is not known means nothing certain.
TEST(EtcdAnswer, IsRead) {
    const std::tuple<int, const char*, const char*, Certainty, bool> answers[] = {
        {503, no_leader, "store.no-quorum", Certainty::not_done, true},
        {503, timed_out, "store.no-answer", Certainty::unknown, true},
        {503, R"({"message":"connection closed","code":14})", "store.no-answer", Certainty::unknown, true},
        {429,
         R"({"message":"etcdserver: mvcc: database space exceeded","code":8})",
         "store.disk-full",
         Certainty::unknown,
         false},
        {429, R"({"message":"etcdserver: too many requests","code":8})", "store.unreachable", Certainty::not_done, true
        },
        {400, R"({"message":"etcdserver: request is too large","code":3})", "store.failed", Certainty::not_done, false},
        {401, R"({"message":"etcdserver: invalid auth token","code":16})", "store.failed", Certainty::not_done, false},
        {500, R"({"message":"raft: stopped","code":2})", "store.no-answer", Certainty::unknown, true},
        {500, R"({"code":"x","message":7})", "store.no-answer", Certainty::unknown, true},
        {404, "Not Found", "store.no-answer", Certainty::unknown, true},
        {200, "[]", "store.no-answer", Certainty::unknown, true},
        {200, R"({"succeeded":)", "store.no-answer", Certainty::unknown, true},
    };
    for (const auto& [status, body, code, certainty, retryable] : answers) {
        const auto read = read_etcd_answer("m1", io::HttpResponse::json(status, body));
        ASSERT_FALSE(read) << body;
        EXPECT_EQ(read.error().code, code) << body;
        EXPECT_EQ(read.error().certainty, certainty) << body;
        EXPECT_EQ(read.error().retryable, retryable) << body;
    }
    EXPECT_TRUE(read_etcd_answer("m1", io::HttpResponse::json(200, "{}")));
}

EtcdMember member() {
    const io::Endpoint peer{"127.0.77.11", 2380};
    return {
        .name = "m1",
        .data = "/data/m1",
        .client = {"127.0.77.1", 2379},
        .peer = peer,
        .cluster = {{"m1", peer}, {"m2", {"127.0.77.12", 2380}}, {"m3", {"127.0.77.13", 2380}}},
        .cluster_token = "twin",
    };
}

TEST(EtcdMember, CommandLine) {
    const auto plain = command_line(member());
    ASSERT_TRUE(plain);
    using ::testing::Contains;
    EXPECT_THAT(
        *plain,
        Contains("--initial-cluster=m1=http://127.0.77.11:2380,m2=http://127.0.77.12:2380,m3=http://127.0.77.13:2380")
    );
    EXPECT_THAT(*plain, Contains("--heartbeat-interval=100"));
    EXPECT_THAT(*plain, Contains("--election-timeout=1000"));
    EXPECT_THAT(*plain, Contains("--log-outputs=stderr"));
    EtcdMember secure = member();
    secure.tls = EtcdTls{.certificate = "/s/m1.pem", .key = "/s/m1.key", .trusted_ca = "/s/ca.pem"};
    secure.timing = EtcdTiming::for_round_trip(160ms);
    const auto line = command_line(secure);
    ASSERT_TRUE(line);
    for (const char* flag :
         {"--heartbeat-interval=240",
          "--election-timeout=2400",
          "--listen-client-urls=https://127.0.77.1:2379",
          "--client-cert-auth=true",
          "--peer-client-cert-auth=true",
          "--peer-key-file=/s/m1.key",
          "--trusted-ca-file=/s/ca.pem"})
        EXPECT_THAT(*line, Contains(flag));
    EXPECT_EQ(EtcdTiming::for_round_trip(1ms).election, 1s);
}

TEST(EtcdMember, RefusesWhatWouldNotWork) {
    const std::pair<const char*, std::function<void(EtcdMember&)>> changes[] = {
        {"not in its cluster", [](EtcdMember& m) { m.name = "m9"; }},
        {"another address", [](EtcdMember& m) { m.peer.port = 1; }},
        {"even number", [](EtcdMember& m) { m.cluster.pop_back(); }},
        {"twice", [](EtcdMember& m) { m.cluster[2].name = "m2"; }},
        {"no name", [](EtcdMember& m) { m.cluster[2].name = "m2=http://elsewhere,m3"; }},
        {"cluster token", [](EtcdMember& m) { m.cluster_token.clear(); }},
        {"five heartbeats", [](EtcdMember& m) { m.timing.election = 499ms; }},
        {"a minute", [](EtcdMember& m) { m.keep_history_minutes = 0; }},
    };
    for (const auto& [why, change] : changes) {
        EtcdMember changed = member();
        change(changed);
        const auto line = command_line(changed);
        ASSERT_FALSE(line) << why;
        EXPECT_THAT(line.error().message, HasSubstr(why));
    }
}

}  // namespace
}  // namespace cloudshelf::store
