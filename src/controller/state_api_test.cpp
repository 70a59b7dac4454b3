#include "controller/state_api.hpp"

#include "store/memory.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <gmock/gmock.h>

namespace cloudshelf::controller {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

const ApiToken approver{.role = Role::approver, .name = "alice"};
const ApiToken person{.role = Role::operator_, .name = "bob"};

/// A region's agent of a few lines: says what the test has it say.
class FakeAgent {
public:
    explicit FakeAgent(io::Executor executor)
        : server_(executor, {.listen = {"127.0.78.1", 0}}, [this](io::HttpRequest) { return answer(); }) {
        EXPECT_TRUE(server_.start());
    }
    io::Endpoint endpoint() const { return {"127.0.78.1", server_.port()}; }
    void says(std::uint64_t epoch, bool writes, bool is_writer) {
        status_ = {
            {"epoch", epoch},
            {"is_writer", is_writer},
            {"lease", {{"state", writes ? "writing" : "fenced"}, {"remaining_ms", writes ? 300 : 0}}},
        };
    }
    void falls_silent() { silent_ = true; }
    io::Task<void> stop() { return server_.stop(io::Deadline::after(1ms)); }

private:
    io::Task<io::HttpResponse> answer() {
        if (silent_) co_return io::HttpResponse::error(503, "away", "as if nobody were there");
        co_return io::HttpResponse::json(200, json::serialize(status_));
    }

    bool silent_ = false;

    json::object status_;
    io::HttpServer server_;
};

/// The controller of the witness site of a shop with two regions, and its store.
struct Bench {
    explicit Bench(io::Executor loop)
        : executor(loop),
          east(loop),
          west(loop),
          client(loop),
          services{loop, store, client, client, "token", folder.path(), looks, attention},
          leadership(
              loop,
              store,
              {.site = RegionName("us-east-2"), .terms = {.duration = 2s, .beat = 200ms}},
              [] { return core::Candidate{}; }
          ),
          peers(services, config, 1s, [](const RegionName&, const core::CheckName&, core::Observation) {}),
          copy(services, {}),
          state(services, config, applications, leadership, peers, copy) {
        config.site = RegionName("us-east-2");
        shop.name = "shop";
        shop.sites = {
            {.region = RegionName("us-east-1"), .agent = east.endpoint()},
            {.region = RegionName("us-west-2"), .agent = west.endpoint()},
            {.region = RegionName("us-east-2"), .witness = true},
        };
        shop.terms = {.duration = 600ms, .beat = 60ms};
        applications.add(std::make_unique<Application>(services, shop, config.site, [] { return "x1"; }));
        EXPECT_TRUE(copy.open());
    }
    io::Task<void> stop() {
        co_await east.stop();
        co_await west.stop();
    }
    /// The answer's body, or {"code"} where it is refused.
    io::Task<json::value> ask(std::string target, json::value body, ApiToken token) {
        io::HttpRequest request{.method = body.is_null() ? "GET" : "POST", .target = std::move(target)};
        if (!body.is_null()) request.body = json::serialize(body);
        const auto answer = co_await state.answer(std::move(request), std::move(token));
        const json::value said = json::parse(answer.body);
        if (answer.status == 200) co_return said;
        co_return json::object{{"code", said.at("error").at("code")}};
    }
    io::Task<std::string> value(std::string key) {
        const auto there = co_await store.get(key);
        std::string found;
        if (there && *there) found = (*there)->value;
        co_return found;
    }
    io::Task<void> set(std::string key, std::string text) {
        const auto there = co_await store.get(key);
        const std::uint64_t revision = *there ? (*there)->revision : 0;
        const auto swapped = co_await store.compare_and_swap(key, revision, text);
        EXPECT_TRUE(swapped && swapped->stored);
    }
    /// A control plane that has been at work: a lease at epoch 7, a term, ten entries, and our copy of them.
    io::Task<void> work() {
        core::LeaseRecord lease{.region = RegionName("us-east-1"), .epoch = Epoch(7), .beat = 41};
        co_await set("app/shop/lease", core::to_json(lease));
        const core::LeaseRecord leader{.region = config.site, .epoch = Epoch(3)};
        co_await set(leader_key, core::to_json(leader));
        co_await set(term_key, "3");
        co_await set(format_key, "1");
        store.append_only_while(term_key, 3);
        for (int i = 0; i < 10; ++i) {
            const auto appended = co_await store.append(7, "x1", "execution", "{\"state\":\"running\"}");
            EXPECT_TRUE(appended);
        }
        const auto looked = co_await copy.look();
        EXPECT_TRUE(looked);
    }

    testing::TemporaryFolder folder;
    io::Executor executor;
    store::MemoryStore store;
    FakeAgent east;
    FakeAgent west;
    io::HttpClient client;
    LookCounts looks;
    Attention attention;
    Services services;
    ControllerConfig config;
    ApplicationConfig shop;
    Applications applications;
    Leadership leadership;
    Peers peers;
    JournalCopy copy;
    StateApi state;
};

std::string code(const json::value& answer) {
    const auto* found = answer.as_object().if_contains("code");
    return found ? std::string(found->as_string()) : "accepted";
}

// Goal: what is taken away can be put back into an empty store, and is the same there; its lease is newer than whatever
// a region knows, since controllers remember the old store's. Method: back up, empty the store, put back; once with
// regions that have gone on since.
ASYNC_TEST(StateApi, IsPutBackIntoAnEmptyStore) {
    for (const bool gone_on : {false, true}) {
        Bench bench(co_await boost::asio::this_coro::executor);
        bench.east.says(gone_on ? 8 : 7, true, true);
        bench.west.says(7, false, false);
        co_await bench.work();
        const auto keys = co_await bench.ask("/v1/state", nullptr, person);
        EXPECT_EQ(json::serialize(keys).find("control/leader"), std::string::npos);
        EXPECT_NE(json::serialize(keys).find("\\\"beat\\\":0"), std::string::npos);
        const auto page = co_await bench.ask("/v1/state/journal?from=1", nullptr, person);
        EXPECT_EQ(page.at("entries").as_array().size(), 10u);
        const json::object begin{{"begin", {{"format", 1}, {"term", 3}}}};
        const auto full = co_await bench.ask("/v1/state/restore", begin, approver);
        EXPECT_EQ(code(full), "guard.not-empty");
        const auto before = bench.store.entries();

        bench.store = store::MemoryStore();
        const auto nobody = co_await bench.ask("/v1/state/restore", begin, person);
        EXPECT_EQ(code(nobody), "forbidden");
        const json::object next_release{{"begin", {{"format", 9}}}};
        const auto newer = co_await bench.ask("/v1/state/restore", next_release, approver);
        EXPECT_EQ(code(newer), "guard.newer-format");
        const auto begun = co_await bench.ask("/v1/state/restore", begin, approver);
        const auto again = co_await bench.ask("/v1/state/restore", begin, approver);
        REQUIRE(code(begun) == "accepted" && code(again) == "accepted");
        const json::value entries = page.at("entries");
        const json::object first{{"term", begun.at("term")}, {"entries", entries}};
        const auto late = co_await bench.ask("/v1/state/restore", first, approver);
        EXPECT_EQ(code(late), "guard.another-rebuilds");
        const json::value term = again.at("term");
        const json::object second{{"term", term}, {"entries", entries}};
        for (int time = 0; time < 2; ++time) {
            const auto taken = co_await bench.ask("/v1/state/restore", second, approver);
            EXPECT_EQ(code(taken), "accepted");
        }
        const auto no_term = co_await bench.value(term_key);
        EXPECT_EQ(no_term, "");  // nobody leads yet
        const json::object finish{{"keys", keys.at("keys")}, {"reason", "the disks"}, {"digest", "d"}};
        const json::object last{{"term", term}, {"finish", finish}};
        const auto done = co_await bench.ask("/v1/state/restore", last, approver);
        REQUIRE(code(done) == "accepted");
        REQUIRE(bench.store.entries().size() == 12);
        EXPECT_EQ(bench.store.entries()[9].hash, before[9].hash);
        for (const std::size_t written : {10u, 11u}) {
            EXPECT_THAT(bench.store.entries()[written].data, ::testing::HasSubstr("the disks"));
            EXPECT_GT(bench.store.entries()[written].term, 3u);
        }
        const auto opened = co_await bench.value(term_key);
        EXPECT_EQ(opened, json::serialize(term));
        const auto lease = co_await bench.value("app/shop/lease");
        const auto record = core::parse_lease(lease);
        REQUIRE(record);
        EXPECT_EQ(record->region, RegionName("us-east-1"));
        EXPECT_EQ(record->epoch, Epoch(gone_on ? 9 : 8));
        EXPECT_EQ(record->continues, Epoch(gone_on ? 8 : 7));
        EXPECT_EQ(record->sync, core::Sync::degraded);
        EXPECT_TRUE(done.at("leases_left_out").as_array().empty());
        const auto looked = co_await bench.copy.look();
        EXPECT_TRUE(looked);
        EXPECT_EQ(bench.copy.put_aside(), 0u);
        co_await bench.stop();
    }
}

// Goal: a backup does not say who writes today. Where a region that may have moved on does not answer, its lease waits
// for a person; everything else is back. Method: the region that the backup names is silent.
ASYNC_TEST(StateApi, LeavesALeaseOutThatIsLeftOpen) {
    Bench bench(co_await boost::asio::this_coro::executor);
    bench.west.says(7, false, false);
    co_await bench.work();
    const auto keys = co_await bench.ask("/v1/state", nullptr, person);
    bench.store = store::MemoryStore();
    bench.east.falls_silent();
    const json::object begin{{"begin", {{"format", 1}, {"term", 3}}}};
    const auto begun = co_await bench.ask("/v1/state/restore", begin, approver);
    REQUIRE(code(begun) == "accepted");
    const json::object finish{{"keys", keys.at("keys")}, {"reason", "the disks"}, {"digest", "d"}};
    const json::object last{{"term", begun.at("term")}, {"finish", finish}};
    const auto done = co_await bench.ask("/v1/state/restore", last, approver);
    REQUIRE(code(done) == "accepted");
    const auto& left_out = done.at("leases_left_out").as_array();
    REQUIRE(left_out.size() == 1);
    EXPECT_EQ(left_out[0].at("code").as_string(), "guard.silent-region");
    EXPECT_EQ(left_out[0].at("lease").as_string(), "app/shop/lease");
    const auto lease = co_await bench.value("app/shop/lease");
    EXPECT_EQ(lease, "");
    const auto format = co_await bench.value(format_key);
    EXPECT_EQ(format, "");  // whoever leads writes it
    const auto term = co_await bench.value(term_key);
    EXPECT_EQ(term, json::serialize(begun.at("term")));
    co_await bench.stop();
}

// Goal: a store that was lost is shown first and written with a person's word only: the lease, the journal from our
// copy, who and why, and the term last. Afterwards nothing is lost any more.
ASYNC_TEST(StateApi, IsRebuiltFromWhatTheRegionsSay) {
    Bench bench(co_await boost::asio::this_coro::executor);
    bench.east.says(7, true, true);
    bench.west.says(7, false, false);
    co_await bench.work();
    const json::object nothing;
    const auto whole = co_await bench.ask("/v1/state/rebuild", nothing, approver);
    EXPECT_EQ(code(whole), "guard.state-there");
    bench.store = store::MemoryStore();
    const auto shown = co_await bench.ask("/v1/state/rebuild", nothing, person);
    REQUIRE(code(shown) == "accepted");
    EXPECT_FALSE(shown.at("written").as_bool());
    EXPECT_EQ(shown.at("applications").at(0).at("lease").at("epoch").as_int64(), 8);
    const auto still_empty = co_await bench.store.list("");
    EXPECT_TRUE(still_empty->empty());
    const json::object approve{{"approve", "all disks"}};
    const auto forbidden = co_await bench.ask("/v1/state/rebuild", approve, person);
    EXPECT_EQ(code(forbidden), "forbidden");
    const json::object west{{"approve", "x"}, {"region", "us-west-2"}};
    const auto other = co_await bench.ask("/v1/state/rebuild", west, approver);
    EXPECT_EQ(code(other), "guard.other-writes");

    const auto done = co_await bench.ask("/v1/state/rebuild", approve, approver);
    REQUIRE(code(done) == "accepted");
    const auto text = co_await bench.value("app/shop/lease");
    const auto lease = core::parse_lease(text);
    REQUIRE(lease);
    EXPECT_EQ(lease->region, RegionName("us-east-1"));
    EXPECT_EQ(lease->continues, Epoch(7));
    REQUIRE(bench.store.entries().size() == 11);
    EXPECT_EQ(bench.store.entries()[10].kind, "rebuild");
    EXPECT_THAT(bench.store.entries()[10].data, ::testing::HasSubstr("all disks"));
    EXPECT_THAT(bench.store.entries()[10].data, ::testing::HasSubstr("alice"));
    const auto fault = co_await bench.store.verify();
    EXPECT_FALSE(fault->has_value());
    const auto term = co_await bench.value(term_key);
    EXPECT_EQ(term, json::serialize(done.at("term")));
    EXPECT_GT(std::stoull(term), 3u);
    const auto twice = co_await bench.ask("/v1/state/rebuild", approve, approver);
    EXPECT_EQ(code(twice), "guard.state-there");
    co_await bench.stop();
}

// Goal: a rebuild that was broken off is asked for again and ends whole, also one that was broken off before its last
// step, when there is no lease left to write.
ASYNC_TEST(StateApi, ARebuildThatWasBrokenOffIsDoneAgain) {
    using Manner = store::MemoryStore::Manner;
    Bench bench(co_await boost::asio::this_coro::executor);
    bench.east.says(7, true, true);
    bench.west.says(7, false, false);
    co_await bench.work();
    bench.store = store::MemoryStore();
    const json::object approve{{"approve", "all disks"}};
    for (const auto manner : {Manner::fails, Manner::unknown, Manner::unknown_undone}) {
        bench.store.become(manner);
        const auto failed = co_await bench.ask("/v1/state/rebuild", approve, approver);
        EXPECT_TRUE(code(failed).starts_with("store.")) << code(failed);
        bench.store.become(Manner::answers);
    }
    // Broken off after the lease: nobody leads, since the term is not there.
    const auto done = co_await bench.ask("/v1/state/rebuild", approve, approver);
    REQUIRE(code(done) == "accepted");
    co_await bench.set(term_key, "0");
    const auto last = co_await bench.ask("/v1/state/rebuild", approve, approver);
    REQUIRE(code(last) == "accepted");
    EXPECT_TRUE(last.at("applications").as_array().empty());
    const auto term = co_await bench.value(term_key);
    EXPECT_EQ(term, json::serialize(last.at("term")));
    EXPECT_EQ(bench.store.entries().size(), 11u);
    co_await bench.stop();
}

}  // namespace
}  // namespace cloudshelf::controller
