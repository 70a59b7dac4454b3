// Goal: what one region acknowledged arrives at the other, whole, under the same ids and once, whatever happens to the
// link; what cannot arrive is said to whoever asks. Method: two services that follow each other over real HTTP through
// relays; cut, reset, away.
#include "base/random.hpp"
#include "region/objects/at_once.hpp"
#include "region/objects/pair_test.hpp"
#include "region/objects/version_store.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

namespace cloudshelf::objects::testing {
namespace {

using namespace std::chrono_literals;

std::uint64_t seed_of_this_run() {
    const char* const given = std::getenv("CLOUDSHELF_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    fmt::print("CLOUDSHELF_SEED={}\n", seed);
    return seed;
}

std::string random_text(Random& random, std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; i += 8) {
        const std::uint64_t drawn = random.next();
        for (std::size_t j = i; j < std::min(bytes, i + 8); ++j) text[j] = static_cast<char>(drawn >> (8 * (j - i)));
    }
    return text;
}

/// East's "books" goes to west's "books-west".
io::Task<void> one_way(Pair* pair) {
    co_await pair->up();
    co_await pair->west.make_bucket("books-west", "");
    co_await pair->east.make_bucket("books", rules_to("books-west"));
}

/// Both have "books", and send it to each other.
io::Task<void> both_ways(Pair* pair) {
    co_await pair->up();
    co_await pair->west.make_bucket("books", rules_to("books"));
    co_await pair->east.make_bucket("books", rules_to("books"));
}

io::Task<bool> log_reaches(const changelog::ChangeLog* log, changelog::Position position) {
    const auto deadline = io::Deadline::after(20s);
    while (log->last() < position && !deadline.passed()) co_await io::wait_for(10ms);
    co_return log->last() >= position;
}

ASYNC_TEST(ObjectReplication, AReplicaIsWhatItsSourceIs) {
    Pair pair(1);
    co_await one_way(&pair);
    io::Headers headers{{"Content-Type", "text/html"}, {"x-amz-meta-shelf", "4"}, {"x-amz-tagging", "a=1&b=2"}};
    const auto id = co_await pair.east.put("/books/dune", "sand", std::move(headers));
    const auto completed = co_await pair.east.awaits("/books/dune", "COMPLETED");
    EXPECT_EQ(completed, "COMPLETED");
    const auto original = co_await pair.east.ask("GET", "/books/dune");
    const auto replica = co_await pair.west.ask("GET", "/books-west/dune?versionId=" + id);
    EXPECT_EQ(replica.body, "sand");
    EXPECT_EQ(replica.header("x-amz-replication-status"), "REPLICA");
    for (const auto* same : {"ETag", "Last-Modified", "Content-Type", "x-amz-meta-shelf", "x-amz-tagging-count"})
        EXPECT_EQ(replica.header(same), original.header(same)) << same;
    const auto there = pair.west.find("books-west", "dune", id).value();
    REQUIRE(there);
    const auto here = pair.east.find("books", "dune", id).value();
    EXPECT_EQ(there->stamp, here->stamp);
    EXPECT_EQ(there->tags, here->tags);
    co_await pair.down();
}

ASYNC_TEST(ObjectReplication, MarkersGoAndDeletionsForGoodStay) {
    Pair pair(2);
    co_await one_way(&pair);
    const auto first = co_await pair.east.put("/books/dune", "one");
    co_await pair.east.put("/books/dune", "two");
    const auto hidden = co_await pair.east.ask("DELETE", "/books/dune");
    EXPECT_EQ(hidden.header("x-amz-delete-marker"), "true");
    const auto erased = co_await pair.east.ask("DELETE", "/books/dune?versionId=" + first);
    EXPECT_EQ(erased.status, 204);
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    const auto newest = co_await pair.west.get("/books-west/dune");
    EXPECT_EQ(newest, "404");
    // The first is gone at its source before it was sent, or is there for good; what came after it is there either way.
    const auto versions = pair.west.versions("books-west");
    REQUIRE(versions.size() >= 2);
    EXPECT_EQ(versions[0], pair.east.versions("books")[0]);
    EXPECT_EQ(versions[1], pair.east.versions("books")[1]);
    co_await pair.down();
}

ASYNC_TEST(ObjectReplication, BothDirectionsComeToRest) {
    Pair pair(3);
    co_await both_ways(&pair);
    co_await pair.east.put("/books/east", "e");
    co_await pair.west.put("/books/west", "w");
    co_await pair.east.put("/books/both", "from the east");
    co_await pair.west.put("/books/both", "from the west");
    for (const Half* half : {&pair.east, &pair.west}) {
        const auto& log = half->service->log();
        const auto said = co_await log_reaches(&log, changelog::Position(3));
        EXPECT_TRUE(said) << half->name.value();
    }
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    const auto ours = pair.east.versions("books");
    EXPECT_EQ(ours.size(), 4u);
    EXPECT_EQ(ours, pair.west.versions("books")) << "in the same order";
    const auto in_east = co_await pair.east.get("/books/both");
    const auto in_west = co_await pair.west.get("/books/both");
    EXPECT_EQ(in_east, in_west);
    // A replica that was sent back would make each log longer: two versions and a bucket that is ready are all.
    EXPECT_EQ(pair.east.service->log().last(), changelog::Position(3));
    EXPECT_EQ(pair.west.service->log().last(), changelog::Position(3));
    co_await pair.down();
}

// Goal: a change of tags arrives where it is later than what is there, and nowhere brings back what was deleted.
ASYNC_TEST(ObjectReplication, ChangesOfTagsFollow) {
    Pair pair(4);
    co_await one_way(&pair);
    const auto id = co_await pair.east.put("/books/dune", "sand");
    const bool arrived = co_await pair.in_step();
    EXPECT_TRUE(arrived);
    const auto change = [&pair, &id](std::string value) {
        return [&pair, id, value](changelog::Batch& batch) -> Result<void> {
            auto& service = *pair.east.service;
            const auto bucket = service.buckets().decided("books");
            auto version = find_version(batch, service.storage(), bucket->number, "dune", id).value().value();
            version.tags = {{"shelf", value}};
            version.changed = batch.stamp();
            log_for_replication(batch, *bucket, version);
            return change_version(batch, service.storage(), bucket->number, version);
        };
    };
    auto& log = pair.east.service->log();
    const auto changed = co_await log.write(change("4"));
    EXPECT_TRUE(changed);
    const bool followed = co_await pair.in_step();
    EXPECT_TRUE(followed);
    const Pairs wanted{{"shelf", "4"}};
    EXPECT_EQ(pair.west.find("books-west", "dune", id).value()->tags, wanted);
    const auto erased = co_await pair.west.ask("DELETE", "/books-west/dune?versionId=" + id);
    EXPECT_EQ(erased.status, 204);
    const auto again = co_await log.write(change("5"));
    EXPECT_TRUE(again);
    const bool ended = co_await pair.in_step();
    EXPECT_TRUE(ended);
    EXPECT_TRUE(pair.west.versions("books-west").empty());
    co_await pair.down();
}

ASYNC_TEST(ObjectReplication, WhatFailsIsSaidAndTriedAgainWhenItMayWork) {
    Pair pair(5);
    co_await pair.up();
    co_await pair.east.make_bucket("books", rules_to("books-west"));
    co_await pair.east.put("/books/dune", "sand");
    const auto failed = co_await pair.east.awaits("/books/dune", "FAILED");
    EXPECT_EQ(failed, "FAILED");
    const auto page = co_await pair.east.ask_own("GET", "/-/metrics");
    EXPECT_TRUE(
        page.body.contains(R"(replication_failed{region="us-west-2",bucket="books-west",reason="DstBucketNotFound"} 1)")
    ) << page.body;
    const auto made = co_await pair.west.ask("PUT", "/books-west");
    EXPECT_EQ(made.status, 200);
    const auto retried = co_await pair.east.ask_own("POST", "/-/replication/retry");
    EXPECT_EQ(retried.body, R"({"versions":1})");
    const auto unversioned = co_await pair.east.awaits("/books/dune", "FAILED");
    EXPECT_EQ(unversioned, "FAILED");
    co_await pair.west.configure("books-west", "");  // with versions now: the east is told
    const auto completed = co_await pair.east.awaits("/books/dune", "COMPLETED");
    EXPECT_EQ(completed, "COMPLETED");
    const auto there = co_await pair.west.get("/books-west/dune");
    EXPECT_EQ(there, "sand");
    co_await pair.down();
}

ASYNC_TEST(ObjectReplication, ARegionThatWasAwayCatchesUp) {
    Pair pair(6);
    co_await one_way(&pair);
    co_await pair.west.away();
    for (int i = 0; i < 300; ++i) co_await pair.east.put(fmt::format("/books/{}", i), fmt::format("book {}", i));
    const auto pending = co_await pair.east.status("/books/7");
    EXPECT_EQ(pending, "PENDING");
    co_await pair.west.up();
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    EXPECT_EQ(pair.east.versions("books"), pair.west.versions("books-west"));
    const auto last = co_await pair.west.get("/books-west/299");
    EXPECT_EQ(last, "book 299");
    co_await pair.down();
}

// Goal: a large object whose connections break goes on where it was.
ASYNC_TEST(ObjectReplication, ALargeObjectResumes) {
    Pair pair(7);
    co_await one_way(&pair);
    Random random(seed_of_this_run());
    const std::string bytes = random_text(random, 40 << 20);
    co_await pair.east.put("/books/film", bytes);
    for (const std::uint64_t stop : {8u, 20u, 30u}) {
        const auto deadline = io::Deadline::after(20s);
        while (pair.west.fetched_bytes() < stop << 20 && !deadline.passed()) co_await io::wait_for(1ms);
        for (auto& relay : pair.relays) relay->reset();
    }
    const auto completed = co_await pair.east.awaits("/books/film", "COMPLETED");
    EXPECT_EQ(completed, "COMPLETED");
    const auto there = co_await pair.west.get("/books-west/film");
    EXPECT_TRUE(there == bytes) << there.size() << " bytes";
    constexpr std::uint64_t on_its_way = 4 * 4;  // MiB: so many ranges of so many
    EXPECT_LE(pair.west.fetched_bytes(), (40 + 3 * on_its_way) << 20) << "a cut costs what was on its way, no more";
    co_await pair.down();
}

ASYNC_TEST(ObjectReplication, OnlyMissingContentCrosses) {
    Pair pair(8);
    co_await one_way(&pair);
    Random random(seed_of_this_run());
    const std::string bytes = random_text(random, 500'000);
    co_await pair.east.put("/books/one", bytes);
    const bool first = co_await pair.in_step();
    EXPECT_TRUE(first);
    const auto crossed = pair.west.fetched_bytes();
    EXPECT_GE(crossed, bytes.size());
    co_await pair.east.put("/books/two", bytes);
    const bool second = co_await pair.in_step();
    EXPECT_TRUE(second);
    EXPECT_EQ(pair.west.fetched_bytes(), crossed);
    const auto there = co_await pair.west.get("/books-west/two");
    EXPECT_TRUE(there == bytes);
    co_await pair.down();
}

ASYNC_TEST(ObjectReplication, WhatWasThereBeforeTheRuleIsSentWhereItSaysSo) {
    Pair pair(9);
    co_await pair.up();
    co_await pair.west.make_bucket("books-west", "");
    co_await pair.east.make_bucket("books", "");
    for (int i = 0; i < 450; ++i) co_await pair.east.put(fmt::format("/books/{}", i), "old");
    co_await pair.east.configure(
        "books",
        rules_to("books-west", "<ExistingObjectReplication><Status>Enabled</Status></ExistingObjectReplication>")
    );
    const auto completed = co_await pair.east.awaits("/books/99", "COMPLETED");  // the last in order
    EXPECT_EQ(completed, "COMPLETED");
    EXPECT_EQ(pair.east.versions("books"), pair.west.versions("books-west"));
    co_await pair.down();
}

// Goal: a region that lost a part of what it had gets all of it again, but what it deleted itself for good.
ASYNC_TEST(ObjectReplication, ARefillBringsBackWhatIsMissing) {
    Pair pair(10);
    co_await one_way(&pair);
    const auto lost = co_await pair.east.put("/books/lost", "lost");
    const auto deleted = co_await pair.east.put("/books/deleted", "deleted");
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    const auto erased = co_await pair.west.ask("DELETE", "/books-west/deleted?versionId=" + deleted);
    EXPECT_EQ(erased.status, 204);
    auto& service = *pair.west.service;
    changelog::ChangeLog::Decision lose = [&](changelog::Batch& batch) -> Result<void> {
        const auto bucket = service.buckets().decided("books-west");
        Freed freed;
        const auto version = find_version(batch, service.storage(), bucket->number, "lost", lost).value().value();
        return remove_version(batch, service.storage(), bucket->number, version, freed);
    };
    const auto removed = co_await service.log().write(std::move(lose));
    EXPECT_TRUE(removed);
    EXPECT_TRUE(pair.west.versions("books-west").empty());
    const auto refilled = co_await pair.east.ask_own("POST", "/-/log/refill?replica=us-west-2");
    EXPECT_EQ(refilled.status, 200) << refilled.body;
    const auto failed = co_await pair.east.awaits("/books/deleted", "FAILED");
    EXPECT_EQ(failed, "FAILED") << "DstObjectHardDeleted";
    const auto completed = co_await pair.east.awaits("/books/lost", "COMPLETED");
    EXPECT_EQ(completed, "COMPLETED");
    EXPECT_EQ(pair.west.versions("books-west").size(), 1u);
    const auto back = co_await pair.west.get("/books-west/lost");
    EXPECT_EQ(back, "lost");
    co_await pair.down();
}

// Goal: an object whose file was altered, or is gone, is served whole as long as one region has it.
ASYNC_TEST(ObjectReplication, AlteredContentsAreRepairedByWhoReadsThem) {
    Pair pair(11);
    co_await one_way(&pair);
    Random random(seed_of_this_run());
    const std::string bytes = random_text(random, 3 << 20);
    co_await pair.east.put("/books/dune", bytes);
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    for (const Half* half : {&pair.east, &pair.west}) {
        std::filesystem::path path;
        for (const auto& file : std::filesystem::recursive_directory_iterator(half->folder / "data" / "contents")) {
            if (file.is_regular_file() && file.file_size() >= bytes.size()) path = file.path();
        }
        REQUIRE(!path.empty());
        const bool first = half == &pair.east;
        if (first) {
            std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
            file.seekp(2 << 20).put('x').put('y').put('z');
        } else {
            std::filesystem::remove(path);
        }
        const std::string target = first ? "/books/dune" : "/books-west/dune";
        const auto read = co_await half->get(target);
        EXPECT_TRUE(read == bytes) << half->name.value() << ": " << read.size() << " bytes";
        const auto page = co_await half->ask_own("GET", "/-/metrics");
        EXPECT_TRUE(page.body.contains("cloudshelf_objects_contents_repaired_total 1\n"));
    }
    co_await pair.down();
}

/// The file of the largest content there.
std::filesystem::path largest_content(const Half& half) {
    std::filesystem::path largest;
    for (const auto& file : std::filesystem::recursive_directory_iterator(half.folder / "data" / "contents")) {
        const bool is_content = file.is_regular_file() && file.path().parent_path().filename() != "quarantine";
        if (is_content && (largest.empty() || file.file_size() > std::filesystem::file_size(largest)))
            largest = file.path();
    }
    return largest;
}

void alter(const Half& half) {
    std::fstream file(largest_content(half), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(1 << 20).put('x').put('y').put('z');
}

io::Task<bool> tells(const Half* half, std::string figure) {
    const auto page = co_await half->ask_own("GET", "/-/metrics");
    co_return page.body.contains("cloudshelf_objects_" + figure + "\n");
}

// Goal: whoever reads an altered object, a copy among them, brings it back, and many at once do so once.
ASYNC_TEST(ObjectReplication, AlteredContentsAreRepairedOnceAndForCopiesToo) {
    Pair pair(14);
    co_await one_way(&pair);
    Random random(seed_of_this_run());
    const std::string bytes = random_text(random, 3 << 20);
    co_await pair.east.put("/books/dune", bytes);
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    alter(pair.east);
    const auto read = [&](std::size_t) -> io::Task<void> {
        const auto got = co_await pair.east.get("/books/dune");
        EXPECT_TRUE(got == bytes) << got.size() << " bytes";
    };
    co_await each_at_once(8, 8, read);
    const bool once = co_await tells(&pair.east, "contents_repaired_total 1");
    EXPECT_TRUE(once);

    alter(pair.east);
    io::Headers headers{{"x-amz-copy-source", "/books/dune"}, {"x-amz-checksum-algorithm", "SHA1"}};
    const auto copied = co_await pair.east.ask("PUT", "/books/copy", "", std::move(headers));
    EXPECT_EQ(copied.status, 200) << copied.body;
    const auto copy = co_await pair.east.get("/books/copy");
    EXPECT_TRUE(copy == bytes);
    const bool twice = co_await tells(&pair.east, "contents_repaired_total 2");
    EXPECT_TRUE(twice);
    co_await pair.down();
}

// Goal: that a region cannot be reached does not make a content lost; and whoever brings the bytes of an altered one
// anew gets them stored.
ASYNC_TEST(ObjectReplication, AContentIsNotLostWhileARegionIsAway) {
    Pair pair(15);
    co_await one_way(&pair);
    Random random(seed_of_this_run());
    const std::string bytes = random_text(random, 3 << 20);
    co_await pair.east.put("/books/dune", bytes);
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    co_await pair.west.away();
    alter(pair.east);
    co_await pair.east.get("/books/dune");
    const bool none_lost = co_await tells(&pair.east, "contents_lost_total 0");
    EXPECT_TRUE(none_lost);
    co_await pair.west.up();
    const auto back = co_await pair.east.get("/books/dune");
    EXPECT_TRUE(back == bytes) << back.size() << " bytes";

    co_await pair.west.away();
    alter(pair.east);
    co_await pair.east.get("/books/dune");
    co_await pair.east.put("/books/again", bytes);
    const auto anew = co_await pair.east.get("/books/again");
    EXPECT_TRUE(anew == bytes) << anew.size() << " bytes";
    co_await pair.down();
}

// Goal: both regions go on without each other, and are the same when they meet again.
ASYNC_TEST(ObjectReplication, APartitionHeals) {
    Pair pair(12);
    co_await both_ways(&pair);
    Random random(seed_of_this_run());
    pair.cut(true);
    for (int i = 0; i < 200; ++i) {
        const Half& half = random.below(2) == 0 ? pair.east : pair.west;
        const auto target = fmt::format("/books/{}", random.below(20));
        if (random.below(4) == 0) {
            const auto hidden = co_await half.ask("DELETE", target);
            EXPECT_EQ(hidden.status, 204);
        } else {
            co_await half.put(target, fmt::format("{} wrote {}", half.name.value(), i));
        }
    }
    EXPECT_NE(pair.east.versions("books"), pair.west.versions("books"));
    pair.cut(false);
    const bool settled = co_await pair.in_step();
    EXPECT_TRUE(settled);
    EXPECT_EQ(pair.east.versions("books").size(), 200u);
    EXPECT_EQ(pair.east.versions("books"), pair.west.versions("books"));
    for (int i = 0; i < 20; ++i) {
        const auto target = fmt::format("/books/{}", i);
        const auto in_east = co_await pair.east.get(target);
        const auto in_west = co_await pair.west.get(target);
        EXPECT_EQ(in_east, in_west) << target;
    }
    co_await pair.down();
}

ASYNC_TEST(ObjectReplication, WhoDoesNotKnowTheSecretGetsNothing) {
    Pair pair(13);
    co_await one_way(&pair);
    co_await pair.east.put("/books/dune", "sand");
    const auto name = sha256_hex("sand");
    for (const auto* secret : {"", "Bearer ", "Bearer between the region", "between the regions"}) {
        io::HttpRequest asked{.target = "/-/contents/" + name};
        asked.headers.emplace_back("Authorization", secret);
        const auto refused = co_await pair.east.service->answer(std::move(asked));
        EXPECT_EQ(refused.status, 401) << secret;
    }
    const auto given = co_await pair.east.ask_own("GET", "/-/contents/" + name);
    EXPECT_EQ(given.body, "sand");
    const auto unknown = co_await pair.east.ask_own("GET", "/-/contents/" + sha256_hex("spice"));
    EXPECT_EQ(unknown.status, 404);
    const auto outside = co_await pair.east.ask_own("GET", "/-/contents/../keys");
    EXPECT_EQ(outside.status, 404);
    co_await pair.down();
}

}  // namespace
}  // namespace cloudshelf::objects::testing
