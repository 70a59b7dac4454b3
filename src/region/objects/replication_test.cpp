// Goal: what the source says of a version's replication is so, and what the destination cannot take it says. Method: a
// region in this process whose only neighbour never answers; what that one would have said is handed over by hand.
#include "region/objects/replication.hpp"

#include "region/objects/deleted_mark.hpp"
#include "region/objects/failure.hpp"
#include "region/objects/lifecycle.hpp"
#include "region/objects/receiving.hpp"
#include "region/objects/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

namespace cloudshelf::objects {
namespace {

const RegionName west("us-west-2");
const Peer neighbour{.region = west, .endpoint = {.address = "127.62.9.1", .port = 1}};

std::string rules(std::string_view more = "") {
    return fmt::format(
        "<ReplicationConfiguration><Role>r</Role><Rule><ID>all</ID><Priority>1</Priority><Status>Enabled</Status>"
        "<Filter></Filter>{}<DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>"
        "<Destination><Bucket>arn:aws:s3:::books-west</Bucket></Destination></Rule></ReplicationConfiguration>",
        more
    );
}
constexpr std::string_view sends_modifications =
    "<SourceSelectionCriteria><ReplicaModifications><Status>Enabled</Status></ReplicaModifications>"
    "</SourceSelectionCriteria>";

/// A region with "books", which has versions and these rules.
struct Source {
    explicit Source(io::Executor executor) : region(std::move(executor)) {
        region.adjust = [](ServiceOptions& options) { options.peers = {neighbour}; };
    }

    io::Task<bool> start(std::string document) {
        const auto started = co_await region.start();
        EXPECT_TRUE(started);
        const auto made = co_await region.put("/books");
        EXPECT_EQ(made.status, 200);
        co_await configure(Versioning::enabled, std::move(document));
        co_return started.has_value();
    }
    io::Task<void> configure(Versioning versioning, std::string document) {
        const Buckets::Change change = [&](const Bucket* now, changelog::Batch&) -> Result<std::optional<Bucket>> {
            Bucket next = *now;
            next.versioning = versioning;
            next.documents.erase("replication");
            if (!document.empty()) next.documents["replication"] = document;
            return std::optional(std::move(next));
        };
        const auto changed = co_await service().buckets().change("books", change);
        EXPECT_TRUE(changed);
    }
    Service& service() const { return *region.service; }
    BucketNumber bucket() const { return service().buckets().find("books")->number; }
    const Storage& storage() const { return service().storage(); }

    io::Task<io::HttpResponse> own(std::string target) {
        io::HttpRequest request{.method = "POST", .target = std::move(target)};
        auto answer = co_await service().answer(std::move(request));
        co_return answer;
    }
    io::Task<std::string> status(std::string target) {
        const auto answer = co_await region.head(std::move(target));
        co_return std::string(answer.header("x-amz-replication-status"));
    }
    /// The same, of a version that no client may read.
    std::string status_of(const Version& version) const {
        const auto found = find_version(service().log().view(), storage(), bucket(), version.key, version.id);
        return replication_status(service(), *service().buckets().find("books"), *found.value());
    }
    io::Task<void> tag(std::string target) {
        const auto tagged = co_await region.put(
            target + (target.contains('?') ? "&tagging" : "?tagging"),
            "<Tagging><TagSet><Tag><Key>shelf</Key><Value>4</Value></Tag></TagSet></Tagging>"
        );
        EXPECT_EQ(tagged.status, 200) << tagged.body;
    }
    /// The neighbour has all there is.
    void confirm() { service().following(west).settled = service().log().last(); }

    using Decide = std::function<Result<void>(changelog::Batch& batch)>;
    io::Task<void> decide(Decide decision) {
        changelog::ChangeLog::Decision made = std::move(decision);
        const auto written = co_await service().log().write(std::move(made));
        EXPECT_TRUE(written) << (written ? "" : written.error().message);
    }
    /// The neighbour's log says that.
    io::Task<void> hears(std::string kind, std::string payload, std::uint64_t position = 7) {
        Receiving receiving(service(), neighbour);
        changelog::Entry entry{.position = changelog::Position(position), .origin = west};
        entry.change = {.kind = std::move(kind), .container = "books", .payload = std::move(payload)};
        std::vector<changelog::Entry> entries{entry};
        const auto prepared = co_await receiving.prepare(std::move(entries));
        EXPECT_TRUE(prepared);
        Decide apply = [&](changelog::Batch& batch) { return receiving.apply(entry, batch); };
        co_await decide(std::move(apply));
    }
    /// A replica of theirs that lies here.
    io::Task<Version> add_replica() {
        Version replica{.key = "dune", .delete_marker = true, .modified_ms = 1, .replica = true};
        replica.stamp = replica.changed = {.wall_ms = 1'790'000'000'000, .counter = 1, .site = 9};
        replica.id = version_id(replica.stamp);
        replica.delete_marker = false;
        Freed freed;
        Decide add = [&](changelog::Batch& batch) { return add_version(batch, storage(), bucket(), replica, freed); };
        co_await decide(std::move(add));
        co_return replica;
    }
    /// What our log says from that place on: "kind code".
    std::vector<std::string> said(changelog::Position after) {
        std::vector<std::string> found;
        const auto slice = service().log().read(after, {});
        EXPECT_TRUE(slice);
        for (const auto& entry : slice->entries) {
            std::string text = entry.change.kind;
            if (text == failure_kind) text += ' ' + decode_failure_report(entry.change.payload).value().code;
            found.push_back(std::move(text));
        }
        return found;
    }
    std::size_t failures() {
        std::size_t count = 0;
        const auto add = [&count](std::string_view, const Failure&) { return ++count > 0; };
        EXPECT_TRUE(each_failure(service().log().view(), storage(), {}, {}, add));
        return count;
    }
    bool has_record(const std::string& key) const {
        return service().log().view().get(storage().catalogue, key).value().has_value();
    }
    /// Until there is such a record, or none.
    io::Task<bool> awaits_record(std::string key, bool wanted) {
        const auto deadline = io::Deadline::after(std::chrono::seconds(10));
        while (has_record(key) != wanted && !deadline.passed()) co_await io::wait_for(std::chrono::milliseconds(5));
        co_return has_record(key) == wanted;
    }

    Region region;
};

using Said = std::vector<std::string>;

/// As the neighbour made it, sent to our "books".
Version theirs(std::string_view key, std::int64_t changed_after_ms) {
    Version version{.key = std::string(key), .modified_ms = 1, .etag = "e"};
    version.stamp = version.changed = {.wall_ms = 1'790'000'000'000, .counter = 0, .site = 9};
    version.changed.wall_ms += changed_after_ms;
    version.id = version_id(version.stamp);
    version.destinations = {{.bucket = "books", .storage_class = {}, .key_id = {}}};
    return version;
}

ASYNC_TEST(Replication, AChangeOfAVersionThatNeverCameFails) {
    Source source(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await source.start(""));
    const auto begin = source.service().log().last();
    const auto version = theirs("dune", 5);
    co_await source.hears(std::string(version_changed_kind), encode_version(version));
    constexpr std::string_view failed = "replication-failed SrcGetObjectFailed";
    const auto entries = source.said(begin);
    EXPECT_EQ(std::ranges::count(entries, failed), 1);
    // One that was here and was deleted for good is nothing to change.
    const auto replica = co_await source.add_replica();
    const auto deleted = co_await source.region.remove("/books/dune?versionId=" + replica.id);
    EXPECT_EQ(deleted.status, 204);
    const auto before = source.service().log().last();
    auto changed = theirs("dune", 6);
    changed.stamp = replica.stamp;
    changed.id = replica.id;
    co_await source.hears(std::string(version_changed_kind), encode_version(changed));
    EXPECT_EQ(source.said(before), Said{});
    co_await source.region.stop();
}

ASYNC_TEST(Replication, AChangeGoesWhereItsVersionWent) {
    Source source(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await source.start(""));
    co_await source.region.put("/books/before", "the rule");
    co_await source.configure(Versioning::enabled, rules());
    co_await source.region.put("/books/behind", "the rule");
    const auto begin = source.service().log().last();
    co_await source.tag("/books/before");
    co_await source.tag("/books/behind");
    const auto entries = source.said(begin);
    EXPECT_EQ(std::ranges::count(entries, version_changed_kind), 1);
    const auto before = co_await source.status("/books/before");
    EXPECT_EQ(before, "") << "it is not there";
    const auto behind = co_await source.status("/books/behind");
    EXPECT_EQ(behind, "PENDING");
    co_await source.region.stop();
}

ASYNC_TEST(Replication, IsPendingUntilARefillIsLogged) {
    Source source(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await source.start(rules()));
    co_await source.region.put("/books/dune", "sand");
    source.confirm();
    const auto completed = co_await source.status("/books/dune");
    EXPECT_EQ(completed, "COMPLETED");
    Source::Decide put = [&](changelog::Batch& batch) -> Result<void> {
        batch.put(source.storage().catalogue, refill_record(west), "\n");
        return {};
    };
    co_await source.decide(std::move(put));
    const auto pending = co_await source.status("/books/dune");
    EXPECT_EQ(pending, "PENDING");
    co_await source.region.stop();
}

// Goal: a change of a replica is sent where a rule says so, and again after a refill or a failure, as a change; without
// such a rule the replica is a replica, and nothing is pending.
ASYNC_TEST(Replication, ChangesOfReplicasAreSentAgainAsChanges) {
    Source source(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await source.start(rules()));
    const auto replica = co_await source.add_replica();
    const std::string target = "/books/dune?versionId=" + replica.id;
    co_await source.tag(target);
    EXPECT_EQ(source.status_of(replica), "REPLICA");

    co_await source.configure(Versioning::enabled, rules(sends_modifications));
    co_await source.tag(target);
    EXPECT_EQ(source.status_of(replica), "PENDING");
    source.confirm();
    EXPECT_EQ(source.status_of(replica), "REPLICA");

    auto begin = source.service().log().last();
    const auto refilled = co_await source.own("/-/log/refill?replica=us-west-2");
    EXPECT_EQ(refilled.status, 200) << refilled.body;
    const bool logged = co_await source.awaits_record(refill_record(west), false);
    EXPECT_TRUE(logged);
    EXPECT_EQ(source.said(begin), Said{std::string(version_changed_kind)});

    const auto version =
        find_version(source.service().log().view(), source.storage(), source.bucket(), "dune", replica.id);
    const FailureReport report{
        .source = source.service().region(),
        .key = "dune",
        .stamp = replica.stamp,
        .position = version.value()->logged.value(),
        .destination = "books-west",
        .code = "DstBucketUnversioned",
    };
    co_await source.hears(std::string(failure_kind), encode_failure_report(report));
    EXPECT_EQ(source.status_of(replica), "FAILED");
    begin = source.service().log().last();
    const auto retried = co_await source.own("/-/replication/retry");
    EXPECT_EQ(retried.body, R"({"versions":1})");
    EXPECT_EQ(source.said(begin), Said{std::string(version_changed_kind)});
    EXPECT_EQ(source.failures(), 0u);
    co_await source.region.stop();
}

ASYNC_TEST(Replication, FailuresGoWithTheirVersionAndAreTheSourcesAlone) {
    Source source(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await source.start(rules()));
    const auto put = co_await source.region.put("/books/dune", "sand");
    const std::string id(put.header("x-amz-version-id"));
    FailureReport report{
        .source = RegionName("eu-west-1"),
        .key = "dune",
        .stamp = stamp_of(id).value(),
        .position = source.service().log().last().value(),
        .destination = "books-west",
        .code = "DstBucketUnversioned",
    };
    co_await source.hears(std::string(failure_kind), encode_failure_report(report));
    EXPECT_EQ(source.failures(), 0u) << "a third region's";
    report.source = source.service().region();
    co_await source.hears(std::string(failure_kind), encode_failure_report(report));
    EXPECT_EQ(source.failures(), 1u);
    const auto deleted = co_await source.region.remove("/books/dune?versionId=" + id);
    EXPECT_EQ(deleted.status, 204);
    EXPECT_EQ(source.failures(), 0u);
    co_await source.region.stop();
}

ASYNC_TEST(Replication, WhoWasRefusedIsToldEachTimeTheBucketIsReady) {
    Source source(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await source.start(""));
    const auto record = ready_record(source.bucket());
    const bool told = co_await source.awaits_record(record, true);
    EXPECT_TRUE(told);
    co_await source.configure(Versioning::suspended, "");
    const auto begin = source.service().log().last();
    co_await source.hears(std::string(version_kind), encode_version(theirs("dune", 0)));
    EXPECT_FALSE(source.has_record(record));
    co_await source.configure(Versioning::enabled, "");
    const bool again = co_await source.awaits_record(record, true);
    EXPECT_TRUE(again);
    const Said wanted{"replication-failed DstBucketUnversioned", std::string(ready_kind)};
    EXPECT_EQ(source.said(begin), wanted);
    co_await source.region.stop();
}

// Goal: that a bucket elsewhere is ready is not lost by a restart.
ASYNC_TEST(Replication, WhatBecameReadyIsRetriedUntilThatIsDone) {
    Source source(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await source.start(rules()));
    const auto put = co_await source.region.put("/books/dune", "sand");
    const FailureReport report{
        .source = source.service().region(),
        .key = "dune",
        .stamp = stamp_of(put.header("x-amz-version-id")).value(),
        .position = source.service().log().last().value(),
        .destination = "books-west",
        .code = "DstBucketUnversioned",
    };
    co_await source.hears(std::string(failure_kind), encode_failure_report(report));
    const std::string record = std::string(retry_records) + "books-west";
    Source::Decide left = [&](changelog::Batch& batch) -> Result<void> {  // by a life that ended
        batch.put(source.storage().catalogue, record, "us-west-2/8");
        return {};
    };
    co_await source.decide(std::move(left));
    const bool done = co_await source.awaits_record(record, false);
    EXPECT_TRUE(done);
    EXPECT_EQ(source.failures(), 0u);
    const auto status = co_await source.status("/books/dune");
    EXPECT_EQ(status, "PENDING");
    co_await source.region.stop();
}

// Goal: what lifecycle removes of a replica does not come again either.
ASYNC_TEST(Replication, AReplicaThatExpiredStaysDeleted) {
    Source source(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await source.start(""));
    const auto replica = co_await source.add_replica();
    source.region.wall_ms += 1000;
    co_await source.region.put("/books/dune", "a newer one");
    const auto ruled = co_await source.region.put(
        "/books?lifecycle",
        "<LifecycleConfiguration><Rule><ID>old</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>"
        "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule>"
        "</LifecycleConfiguration>"
    );
    EXPECT_EQ(ruled.status, 200) << ruled.body;
    source.region.wall_ms += std::int64_t{3} * 24 * 3600 * 1000;
    const auto counts = co_await lifecycle_once(source.service());
    EXPECT_EQ(counts.value(), LifecycleCounts{.removed = 1});
    const auto view = source.service().log().view();
    EXPECT_TRUE(was_deleted(view, source.storage(), source.bucket(), replica).value());
    const auto begin = source.service().log().last();
    auto again = theirs("dune", 0);
    again.stamp = again.changed = replica.stamp;
    again.id = replica.id;
    co_await source.hears(std::string(version_again_kind), encode_version(again));
    EXPECT_EQ(source.said(begin), Said{"replication-failed DstObjectHardDeleted"});
    co_await source.region.stop();
}

ASYNC_TEST(Replication, ALockedNullVersionIsNotReplaced) {
    Source source(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await source.start(""));
    Version ours = theirs("dune", 0);
    ours.id = null_id;
    ours.replica = true;
    ours.destinations.clear();
    ours.lock.legal_hold = true;
    Freed freed;
    Source::Decide add = [&](changelog::Batch& batch) {
        return add_version(batch, source.storage(), source.bucket(), ours, freed);
    };
    co_await source.decide(std::move(add));
    Version later = theirs("dune", 0);
    later.id = null_id;
    later.stamp.wall_ms += 1;
    later.changed = later.stamp;
    const auto begin = source.service().log().last();
    co_await source.hears(std::string(version_again_kind), encode_version(later));
    EXPECT_EQ(source.said(begin), Said{"replication-failed DstPutObjectNotPermitted"});
    const auto view = source.service().log().view();
    const auto there = find_version(view, source.storage(), source.bucket(), "dune", null_id);
    EXPECT_EQ(there.value()->stamp, ours.stamp);
    co_await source.region.stop();
}

}  // namespace
}  // namespace cloudshelf::objects
