// Goal: two regions hold one table: what either acknowledged arrives at the other, the last writer wins item by item on
// both sides, deletes included, and what lost without being seen is kept. Method: two services that follow each other
// over real HTTP; "cut" is one that does not listen.
#include "base/random.hpp"
#include "io/relay.hpp"
#include "region/tables/conflict.hpp"
#include "region/tables/housekeeping.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::uint16_t port = 8640;

/// One region of a pair, which can be away and come back with its data.
struct Half {
    Half(std::string region, std::string at) : name(std::move(region)), address(std::move(at)) {}

    RegionName name;
    std::string address;
    Peer peer;
    testing::TemporaryFolder folder;
    std::unique_ptr<Service> service;
    std::atomic<std::int64_t> ahead_ms = 0;  // of the machine's clock

    io::Task<void> up() {
        ServiceOptions options{.listen = {address, port}, .region = name, .data = folder / "data"};
        options.keyring = {{"AKID", {.access_key_id = "AKID", .secret_access_key = "secret"}}};
        options.peers = {peer};
        options.log_secret = "between the regions";
        options.sync = changelog::Sync::off;
        options.ttl_scan = 1h;
        options.tombstones_keep = 0s;
        options.wall_ms = [this] {
            const auto now = std::chrono::system_clock::now().time_since_epoch();
            return std::chrono::duration_cast<std::chrono::milliseconds>(now).count() + ahead_ms;
        };
        service = std::make_unique<Service>(co_await boost::asio::this_coro::executor, std::move(options));
        const auto started = co_await service->start();
        EXPECT_TRUE(started) << (started ? "" : started.error().message);
    }
    io::Task<void> away() {
        co_await service->stop(io::Deadline::after(30s));
        service.reset();
    }
    io::Task<json::value> ask(std::string operation, std::string body) {
        io::HttpRequest made{.method = "POST", .target = "/", .headers = {}, .body = std::move(body)};
        made.headers = {
            {"Host", "tables"},
            {"Content-Type", "application/x-amz-json-1.0"},
            {"X-Amz-Target", (operation == "ListConflicts" ? "CloudShelf_20261123." : "DynamoDB_20120810.") + operation}
        };
        const auto digest = sha256_hex(made.body);
        const sigv4::Request signing{
            .method = made.method, .target = made.target, .headers = made.headers, .body_sha256 = digest
        };
        const sigv4::Credentials by{.access_key_id = "AKID", .secret_access_key = "secret"};
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        for (auto& header : sigv4::sign(signing, by, {.region = name.value(), .service = "dynamodb"}, now))
            made.headers.push_back(std::move(header));
        const auto answered = co_await service->answer(std::move(made));
        co_return answered.body.empty() ? json::value() : json::parse(answered.body);
    }
    io::Task<void> put(std::string key, std::string text) {
        const auto answer = co_await ask(
            "PutItem", fmt::format(R"({{"TableName":"Carts","Item":{{"p":{{"S":"{}"}},"x":{{"S":"{}"}}}}}})", key, text)
        );
        EXPECT_EQ(json::serialize(answer), "{}");
    }
    io::Task<void> erase(std::string key) {
        const auto answer =
            co_await ask("DeleteItem", fmt::format(R"({{"TableName":"Carts","Key":{{"p":{{"S":"{}"}}}}}})", key));
        EXPECT_EQ(json::serialize(answer), "{}");
    }
    /// Everything in the table, "key=text" in order of the keys.
    io::Task<std::string> all() {
        const auto answer = co_await ask("Scan", R"({"TableName":"Carts"})");
        std::map<std::string, std::string> items;
        const auto* list = answer.as_object().if_contains("Items");
        if (!list) co_return "no table";
        for (const auto& item : list->as_array())
            items[std::string(item.at("p").at("S").as_string())] = item.at("x").at("S").as_string();
        std::string text;
        for (const auto& [key, value] : items) text += fmt::format("{}={} ", key, value);
        co_return text;
    }
    std::size_t tombstones() {
        std::size_t count = 0;
        const auto visit = [&](std::string_view, std::string_view) { return ++count > 0; };
        EXPECT_TRUE(service->log().view().scan(service->storage().tombstones, {}, visit));
        return count;
    }
    std::size_t conflicts() {
        std::size_t count = 0;
        const auto visit = [&](std::string_view, std::string_view value) {
            EXPECT_TRUE(Conflict::decode(value));
            ++count;
            return true;
        };
        EXPECT_TRUE(service->log().view().scan(service->storage().conflicts, {}, visit));
        return count;
    }
};

struct Pair {
    explicit Pair(int number)
        : east("us-east-1", fmt::format("127.64.{}.1", number)), west("us-west-2", fmt::format("127.64.{}.2", number)) {
        east.peer = {west.name, {west.address, port}};
        west.peer = {east.name, {east.address, port}};
    }
    io::Task<void> up() {
        co_await east.up();
        co_await west.up();
    }
    io::Task<void> down() {
        if (east.service) co_await east.away();
        if (west.service) co_await west.away();
    }
    /// Each has everything that the other accepted.
    io::Task<bool> in_step() {
        for (const auto deadline = io::Deadline::after(30s); !deadline.passed();) {
            bool all = true;
            for (Half* half : {&east, &west}) {
                for (const auto& replica : half->service->log().metrics().replicas)
                    all = all && replica.lag_entries == 0 && replica.confirmed == half->service->log().last();
            }
            if (all) co_return true;
            co_await io::wait_for(10ms);
        }
        co_return false;
    }
    /// … and all replicas are whole.
    io::Task<bool> filled() {
        for (const auto deadline = io::Deadline::after(30s); !deadline.passed();) {
            bool all = true;
            for (Half* half : {&east, &west}) {
                const auto table = half->service->catalogue().find("Carts");
                all = all && table && table->replicas.size() == 1 && table->replicas[0].status == ReplicaStatus::active;
            }
            if (all) co_return co_await in_step();
            co_await io::wait_for(10ms);
        }
        co_return false;
    }
    io::Task<void> make_global() {
        const auto created = co_await east.ask("CreateTable", create_carts());
        EXPECT_TRUE(created.as_object().contains("TableDescription")) << json::serialize(created);
        co_await east.put("before", "the replica");
        const auto updated = co_await east.ask(
            "UpdateTable", R"({"TableName":"Carts","ReplicaUpdates":[{"Create":{"RegionName":"us-west-2"}}]})"
        );
        EXPECT_TRUE(updated.as_object().contains("TableDescription")) << json::serialize(updated);
        for (const auto deadline = io::Deadline::after(20s); !deadline.passed();) {
            const auto table = east.service->catalogue().find("Carts");
            if (table->replicas.at(0).status == ReplicaStatus::active) co_return;
            co_await io::wait_for(10ms);
        }
        ADD_FAILURE() << "the replica does not become active";
    }

    Half east;
    Half west;
};

ASYNC_TEST(Replicas, HaveWhatWasThereAndWhatComes) {
    Pair pair(1);
    co_await pair.up();
    co_await pair.make_global();
    const auto at_once = co_await pair.west.all();
    EXPECT_EQ(at_once, "before=the replica ");
    const auto described = co_await pair.west.ask("DescribeTable", R"({"TableName":"Carts"})");
    const auto& replicas = described.at("Table").at("Replicas").as_array();
    REQUIRE(replicas.size() == 1);
    EXPECT_EQ(replicas[0].at("RegionName").as_string(), "us-east-1");
    co_await pair.east.put("a", "east");
    co_await pair.west.put("b", "west");
    co_await pair.west.erase("before");
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    for (Half* half : {&pair.east, &pair.west}) {
        const auto all = co_await half->all();
        EXPECT_EQ(all, "a=east b=west ");
        EXPECT_EQ(half->conflicts(), 0u);
    }
    // Time to live is shared; a table that only one region has stays its own.
    const auto ttl = co_await pair.west.ask(
        "UpdateTimeToLive", R"({"TableName":"Carts","TimeToLiveSpecification":{"AttributeName":"end","Enabled":true}})"
    );
    EXPECT_TRUE(ttl.as_object().contains("TimeToLiveSpecification")) << json::serialize(ttl);
    const bool shared = co_await pair.in_step();
    EXPECT_TRUE(shared);
    const auto table = pair.east.service->catalogue().find("Carts");
    EXPECT_EQ(table->ttl_attribute, "end");
    // Taken away again: there it is gone, here it stays.
    const auto updated = co_await pair.east.ask(
        "UpdateTable", R"({"TableName":"Carts","ReplicaUpdates":[{"Delete":{"RegionName":"us-west-2"}}]})"
    );
    EXPECT_TRUE(updated.as_object().contains("TableDescription")) << json::serialize(updated);
    for (const auto deadline = io::Deadline::after(10s); pair.west.service->catalogue().find("Carts");) {
        REQUIRE(!deadline.passed());
        co_await io::wait_for(10ms);
    }
    const auto ours = co_await pair.east.all();
    EXPECT_EQ(ours, "a=east b=west ");
    co_await pair.down();
}

// Goal: both write one item while they are apart; the later write is there on both sides, the other in the conflict log
// of the region that wrote it.
ASYNC_TEST(Replicas, TheLastWriterWinsAndTheOtherIsKept) {
    Pair pair(2);
    co_await pair.up();
    co_await pair.make_global();
    co_await pair.east.put("a", "both know");
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    co_await pair.west.away();
    co_await pair.east.put("a", "east");
    co_await pair.east.put("c", "east");
    co_await pair.east.away();
    co_await pair.west.up();
    co_await pair.west.put("a", "west, later");
    co_await pair.west.erase("c");  // which is not there yet: nothing to delete
    co_await pair.east.up();
    const bool again = co_await pair.in_step();
    EXPECT_TRUE(again);
    for (Half* half : {&pair.east, &pair.west}) {
        const auto all = co_await half->all();
        EXPECT_EQ(all, "a=west, later before=the replica c=east ");
    }
    EXPECT_EQ(pair.east.conflicts(), 1u);
    EXPECT_EQ(pair.west.conflicts(), 0u);
    const auto listed = co_await pair.east.ask("ListConflicts", R"({"TableName":"Carts"})");
    REQUIRE(listed.at("Conflicts").as_array().size() == 1);
    const auto& conflict = listed.at("Conflicts").at(0);
    EXPECT_EQ(conflict.at("Key").at("p").at("S").as_string(), "a");
    EXPECT_EQ(conflict.at("Won").at("RegionName").as_string(), "us-west-2");
    EXPECT_EQ(conflict.at("Won").at("Item").at("x").at("S").as_string(), "west, later");
    EXPECT_EQ(conflict.at("Lost").at("RegionName").as_string(), "us-east-1");
    EXPECT_EQ(conflict.at("Lost").at("Item").at("x").at("S").as_string(), "east");
    EXPECT_FALSE(listed.as_object().contains("NextToken"));
    const auto first = co_await pair.east.ask("ListConflicts", R"({"Limit":1})");
    const auto token = json::serialize(first.at("NextToken"));
    const auto rest = co_await pair.east.ask("ListConflicts", fmt::format(R"({{"NextToken":{}}})", token));
    EXPECT_EQ(json::serialize(rest), R"({"Conflicts":[]})");
    co_await pair.down();
}

// Goal: the older API makes one table of two empty ones of that name, and both APIs show it; a table with items in it
// is never given up for another.
ASYNC_TEST(Replicas, TheOlderApiJoinsEmptyTables) {
    Pair pair(4);
    co_await pair.up();
    for (Half* half : {&pair.east, &pair.west}) {
        const auto created = co_await half->ask("CreateTable", create_carts());
        EXPECT_TRUE(created.as_object().contains("TableDescription")) << json::serialize(created);
    }
    const std::string group = R"("ReplicationGroup":[{"RegionName":"us-east-1"},{"RegionName":"us-west-2"}])";
    const auto made = co_await pair.east.ask("CreateGlobalTable", R"({"GlobalTableName":"Carts",)" + group + "}");
    EXPECT_TRUE(made.as_object().contains("GlobalTableDescription")) << json::serialize(made);
    std::string status;
    for (const auto deadline = io::Deadline::after(20s); status != "ACTIVE" && !deadline.passed();) {
        const auto told = co_await pair.east.ask("DescribeGlobalTable", R"({"GlobalTableName":"Carts"})");
        status = told.at("GlobalTableDescription").at("GlobalTableStatus").as_string();
        co_await io::wait_for(10ms);
    }
    EXPECT_EQ(status, "ACTIVE");
    co_await pair.west.put("a", "west");
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    const auto east = co_await pair.east.all();
    EXPECT_EQ(east, "a=west ");
    const auto listed = co_await pair.west.ask("ListGlobalTables", "{}");
    EXPECT_EQ(listed.at("GlobalTables").at(0).at("ReplicationGroup").as_array().size(), 2u) << json::serialize(listed);
    const auto again = co_await pair.west.ask("CreateGlobalTable", R"({"GlobalTableName":"Carts",)" + group + "}");
    EXPECT_TRUE(again.at("__type").as_string().ends_with("#GlobalTableAlreadyExistsException"));
    const auto gone = co_await pair.east.ask(
        "UpdateGlobalTable", R"({"GlobalTableName":"Carts","ReplicaUpdates":[{"Delete":{"RegionName":"eu-west-1"}}]})"
    );
    EXPECT_TRUE(gone.at("__type").as_string().ends_with("#ReplicaNotFoundException")) << json::serialize(gone);
    co_await pair.down();
}

/// A link of its own between the halves of a pair, one relay for each way of asking.
struct Link {
    Link(io::Executor executor, Pair* pair)
        : east_asks(executor, through(pair->east, pair->west, there, back)),
          west_asks(executor, through(pair->west, pair->east, back, there)) {
        EXPECT_TRUE(east_asks.start());
        EXPECT_TRUE(west_asks.start());
        pair->east.peer.endpoint.port = east_asks.port();
        pair->west.peer.endpoint.port = west_asks.port();
    }
    /// A relay beside `from`'s tables, on a free port; to be asked instead of `to`.
    static io::Relay::Options through(
        Half& from, Half& to, const std::shared_ptr<io::LinkWay>& way, const std::shared_ptr<io::LinkWay>& way_back
    ) {
        from.peer.endpoint.address = from.address;
        return {.listen = {from.address, 0}, .to = {to.address, port}, .there = way, .back = way_back};
    }

    std::shared_ptr<io::LinkWay> there = std::make_shared<io::LinkWay>();  // from east to west
    std::shared_ptr<io::LinkWay> back = std::make_shared<io::LinkWay>();
    io::Relay east_asks;
    io::Relay west_asks;
};

// Goal: the link between the regions is cut, in one direction and in both, and connections over it are broken; both go
// on writing the same items and end equal, with each item's last write.
ASYNC_TEST(Replicas, CutApartBothWriteAndEndEqual) {
    const char* given = std::getenv("CLOUDSHELF_SEED");
    const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    SCOPED_TRACE(fmt::format("CLOUDSHELF_SEED={}", seed));
    Random random(seed);
    Pair pair(7);
    Link link(co_await boost::asio::this_coro::executor, &pair);
    co_await pair.up();
    co_await pair.make_global();
    std::map<std::string, std::string> last{{"before", "the replica"}};
    for (int round = 0; round < 6; ++round) {
        const bool both = round % 3 == 2;
        link.there->weather.cut = both || round % 3 == 0;
        link.back->weather.cut = both || round % 3 == 1;
        for (int write = 0; write < 40; ++write) {
            Half* half = random.below(2) == 0 ? &pair.east : &pair.west;
            const std::string key = fmt::format("k{}", random.below(12));
            const auto here = co_await half->all();
            if (random.below(4) == 0 && here.contains(key + "=")) {
                co_await half->erase(key);
                last.erase(key);
            } else {
                const std::string text = fmt::format("{}.{}", round, write);
                co_await half->put(key, text);
                last[key] = text;
            }
            co_await io::wait_for(2ms);  // the next millisecond: stamps of two regions are compared by it
        }
        link.there->weather.cut = link.back->weather.cut = false;
        if (random.below(2) == 0) {
            link.east_asks.reset();
            link.west_asks.reset();
        }
        const bool settled = co_await pair.in_step();
        EXPECT_TRUE(settled);
        std::string wanted;
        for (const auto& [key, text] : last) wanted += fmt::format("{}={} ", key, text);
        for (Half* half : {&pair.east, &pair.west}) {
            const auto all = co_await half->all();
            EXPECT_EQ(all, wanted) << half->name.value();
        }
    }
    co_await pair.down();
}

// Goal: a region that was away for so long that the other's log was trimmed beyond it gets everything again by itself,
// deletions and changes of the table too, and its own writes arrive there.
ASYNC_TEST(Replicas, OneThatWasOvertakenIsFilledAgain) {
    Pair pair(5);
    co_await pair.up();
    co_await pair.make_global();
    for (int i = 0; i < 10; ++i) co_await pair.east.put(fmt::format("old{}", i), "both");
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    co_await pair.west.away();
    for (int i = 0; i < 9; ++i) co_await pair.east.erase(fmt::format("old{}", i));
    co_await pair.east.put("new", "east");
    const auto ttl = co_await pair.east.ask(
        "UpdateTimeToLive", R"({"TableName":"Carts","TimeToLiveSpecification":{"AttributeName":"end","Enabled":true}})"
    );
    EXPECT_TRUE(ttl.as_object().contains("TimeToLiveSpecification")) << json::serialize(ttl);
    pair.east.ahead_ms = std::chrono::milliseconds(24h * 8).count();
    const auto trimmed = co_await pair.east.service->log().trim();
    EXPECT_TRUE(trimmed && *trimmed == pair.east.service->log().last());
    pair.east.ahead_ms = 0;
    pair.west.peer.endpoint.port = 1;  // it does not see the other side yet
    co_await pair.west.up();
    co_await pair.west.put("new2", "west");
    co_await pair.west.away();
    pair.west.peer.endpoint.port = port;
    co_await pair.west.up();
    const bool again = co_await pair.filled();
    EXPECT_TRUE(again);
    for (Half* half : {&pair.east, &pair.west}) {
        const auto all = co_await half->all();
        EXPECT_EQ(all, "before=the replica new=east new2=west old9=both ");
        EXPECT_EQ(half->service->catalogue().find("Carts")->ttl_attribute, "end");
    }
    co_await pair.down();
}

// Goal: a region whose disk was put back to an earlier state, or is empty, gets from the other what it lost, its own
// writes among them, and what it accepted since then is kept.
ASYNC_TEST(Replicas, OneThatWasPutBackGetsBackWhatItLost) {
    Pair pair(6);
    co_await pair.up();
    co_await pair.make_global();
    co_await pair.east.put("a", "kept");
    co_await pair.east.put("b", "to be deleted");
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    co_await pair.down();
    std::filesystem::copy(
        pair.east.folder / "data", pair.east.folder / "earlier", std::filesystem::copy_options::recursive
    );
    co_await pair.up();
    co_await pair.east.put("a", "lost with the disk");
    co_await pair.east.erase("b");
    co_await pair.west.put("c", "west");
    const bool before = co_await pair.in_step();
    EXPECT_TRUE(before);
    co_await pair.down();
    std::filesystem::remove_all(pair.east.folder / "data");
    std::filesystem::rename(pair.east.folder / "earlier", pair.east.folder / "data");
    co_await pair.east.up();
    co_await pair.east.put("d", "after the accident");
    co_await pair.west.up();
    const bool again = co_await pair.filled();
    EXPECT_TRUE(again);
    const std::string wanted = "a=lost with the disk before=the replica c=west d=after the accident ";
    for (Half* half : {&pair.east, &pair.west}) {
        const auto all = co_await half->all();
        EXPECT_EQ(all, wanted);
    }
    co_await pair.down();
    std::filesystem::remove_all(pair.east.folder / "data");
    co_await pair.up();
    const bool once_more = co_await pair.filled();
    EXPECT_TRUE(once_more);
    for (Half* half : {&pair.east, &pair.west}) {
        const auto all = co_await half->all();
        EXPECT_EQ(all, wanted);
    }
    co_await pair.down();
}

// Goal: whatever is written where, and whoever is away meanwhile, both end with the same, and that is each item's last
// write. Method: random writes to both, one after the other, with restarts; a map of what was written last. Clocks of
// one machine: later in time is later by stamp.
ASYNC_TEST(Replicas, EndEqualWhateverIsWritten) {
    const char* given = std::getenv("CLOUDSHELF_SEED");
    const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    SCOPED_TRACE(fmt::format("CLOUDSHELF_SEED={}", seed));
    Random random(seed);
    Pair pair(3);
    co_await pair.up();
    co_await pair.make_global();
    std::map<std::string, std::string> last{{"before", "the replica"}};
    for (int round = 0; round < 4; ++round) {
        Half* away = round % 2 == 0 ? nullptr : (random.below(2) == 0 ? &pair.east : &pair.west);
        if (away) co_await away->away();
        for (int write = 0; write < 60; ++write) {
            Half* half = random.below(2) == 0 ? &pair.east : &pair.west;
            if (half == away) half = half == &pair.east ? &pair.west : &pair.east;
            const std::string key = fmt::format("k{}", random.below(12));
            // An erase of what is not there yet is none: only of what was seen here.
            const auto here = co_await half->all();
            if (random.below(4) == 0 && here.contains(key + "=")) {
                co_await half->erase(key);
                last.erase(key);
            } else {
                const std::string text = fmt::format("{}.{}", round, write);
                co_await half->put(key, text);
                last[key] = text;
            }
            co_await io::wait_for(2ms);  // the next millisecond: stamps of two regions are compared by it
        }
        if (away) co_await away->up();
        // Tombstones that are needed no more go while others still arrive.
        for (Half* half : {&pair.east, &pair.west}) EXPECT_TRUE(co_await keep_house_once(*half->service));
        const bool settled = co_await pair.in_step();
        EXPECT_TRUE(settled);
        std::string wanted;
        for (const auto& [key, text] : last) wanted += fmt::format("{}={} ", key, text);
        const auto east = co_await pair.east.all();
        const auto west = co_await pair.west.all();
        EXPECT_EQ(east, wanted);
        EXPECT_EQ(west, wanted);
    }
    // Of a deletion that both know nothing is left in the end.
    for (Half* half : {&pair.east, &pair.west}) {
        for (const auto deadline = io::Deadline::after(30s); half->tombstones() > 0;) {
            REQUIRE(!deadline.passed());
            REQUIRE(co_await keep_house_once(*half->service));
            co_await io::wait_for(10ms);
        }
    }
    co_await pair.down();
}

}  // namespace
}  // namespace cloudshelf::tables
