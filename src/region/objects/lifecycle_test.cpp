// Goal: what rules say is done when its time has come, not before, and never to what is locked or not replicated yet.
// Method: facts by hand; a service whose clock is moved by days, and rounds that are asked for.
#include "region/objects/lifecycle.hpp"

#include "region/objects/lifecycle_facts.hpp"
#include "region/objects/site_test.hpp"
#include "region/objects/upload.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::objects {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

std::string rules(std::string_view actions, std::string_view filter = "<Prefix></Prefix>") {
    return "<LifecycleConfiguration><Rule><ID>rule 1</ID><Status>Enabled</Status><Filter>" + std::string(filter) +
           "</Filter>" + std::string(actions) + "</Rule></LifecycleConfiguration>";
}

s3::LifecycleConfiguration parsed(std::string_view actions) {
    return s3::parse_lifecycle_configuration(rules(actions)).value();
}

TEST(LifecycleStep, TransitionsLeadToColderClassesOnly) {
    const auto cold = parsed("<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>");
    LifecycleFacts facts{.version = {.key = "a", .modified_ms = 0}, .latest = true};
    const LifecycleClock later{.now_ms = 10 * day_ms};
    EXPECT_EQ(step_due(cold, facts, {.now_ms = day_ms - 1}), std::nullopt);
    const LifecycleStep step{.act = LifecycleAct::transition, .storage_class = "GLACIER"};
    EXPECT_EQ(step_due(cold, facts, later), step);
    facts.version.storage_class = "STANDARD_IA";
    EXPECT_EQ(step_due(cold, facts, later), step);
    facts.version.storage_class = "GLACIER";
    EXPECT_EQ(step_due(cold, facts, later), std::nullopt);
    facts.version.storage_class = "DEEP_ARCHIVE";
    EXPECT_EQ(step_due(cold, facts, later), std::nullopt) << "nothing is warmed up";
}

TEST(LifecycleStep, AMarkerGoesOnlyWhenItIsAllThereIs) {
    const auto clean = parsed("<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>");
    LifecycleFacts facts{.version = {.key = "a", .delete_marker = true}, .latest = true, .alone = true};
    EXPECT_EQ(step_due(clean, facts, {.now_ms = 1}), LifecycleStep{.act = LifecycleAct::remove_marker});
    facts.alone = false;
    EXPECT_EQ(step_due(clean, facts, {.now_ms = 1}), std::nullopt);
}

io::Task<LifecycleCounts> round(Site* site) {
    const auto counts = co_await lifecycle_once(*site->service);
    EXPECT_TRUE(counts);
    co_return counts.value_or(LifecycleCounts{});
}

const std::string enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";

ASYNC_TEST(Lifecycle, ObjectsExpireWhereTheyHaveNoVersions) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    EXPECT_EQ(
        co_await site.status(
            "PUT", "/books?lifecycle", rules("<Expiration><Days>2</Days></Expiration>", "<Prefix>log/</Prefix>")
        ),
        200
    );
    auto answer = co_await site.ask("PUT", "/books/log/a", "x");
    EXPECT_TRUE(answer.header("x-amz-expiration").ends_with("rule-id=\"rule%201\""))
        << answer.header("x-amz-expiration");
    EXPECT_EQ(co_await site.status("PUT", "/books/keep", "x"), 200);
    answer = co_await site.ask("HEAD", "/books/keep");
    EXPECT_EQ(answer.header("x-amz-expiration"), "");
    EXPECT_EQ(co_await round(&site), LifecycleCounts{});
    site.wall_ms += 2 * day_ms - 1000;
    EXPECT_EQ(co_await round(&site), LifecycleCounts{}) << "at midnight";
    site.wall_ms += day_ms;
    EXPECT_EQ(co_await round(&site), LifecycleCounts{.expired = 1});
    EXPECT_EQ(co_await site.status("HEAD", "/books/log/a"), 404);
    EXPECT_EQ(co_await site.status("HEAD", "/books/keep"), 200);
    EXPECT_EQ(co_await round(&site), LifecycleCounts{});
    co_await site.stop();
}

ASYNC_TEST(Lifecycle, VersionsGoStepByStep) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books?versioning", enabled), 200);
    EXPECT_EQ(
        co_await site.status(
            "PUT",
            "/books?lifecycle",
            rules("<Expiration><Days>10</Days></Expiration><NoncurrentVersionExpiration>"
                  "<NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>1</NewerNoncurrentVersions>"
                  "</NoncurrentVersionExpiration>")
        ),
        200
    );
    for (int i = 0; i < 4; ++i) EXPECT_EQ(co_await site.status("PUT", "/books/a", std::to_string(i)), 200);
    site.wall_ms += 5 * day_ms;
    EXPECT_EQ(co_await round(&site), LifecycleCounts{.removed = 2}) << "one noncurrent version is kept";
    auto answer = co_await site.ask("GET", "/books/a");
    EXPECT_EQ(answer.body, "3");
    site.wall_ms += 6 * day_ms;
    EXPECT_EQ(co_await round(&site), LifecycleCounts{.expired = 1});
    EXPECT_EQ(co_await site.status("GET", "/books/a"), 404);
    answer = co_await site.ask("GET", "/books?versions");
    EXPECT_TRUE(answer.body.contains("<DeleteMarker>")) << "a marker, and the versions behind it";
    site.wall_ms += 5 * day_ms;
    EXPECT_EQ(co_await round(&site), LifecycleCounts{.removed = 1}) << "one noncurrent version is still kept";
    co_await site.stop();
}

ASYNC_TEST(Lifecycle, ALonelyMarkerIsRemoved) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books?versioning", enabled), 200);
    const auto made = co_await site.ask("PUT", "/books/a", "x");
    EXPECT_EQ(co_await site.status("DELETE", "/books/a"), 204);
    const std::string clean =
        rules("<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>");
    EXPECT_EQ(co_await site.status("PUT", "/books?lifecycle", clean), 200);
    EXPECT_EQ(co_await round(&site), LifecycleCounts{});
    const std::string version = "/books/a?versionId=" + std::string(made.header("x-amz-version-id"));
    EXPECT_EQ(co_await site.status("DELETE", version), 204);
    EXPECT_EQ(co_await round(&site), LifecycleCounts{.markers = 1});
    EXPECT_EQ(co_await site.status("DELETE", "/books"), 204) << "nothing is left";
    co_await site.stop();
}

ASYNC_TEST(Lifecycle, ALockKeepsWhatARuleWouldRemove) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/vault", {}, {{"x-amz-bucket-object-lock-enabled", "true"}}), 200);
    const io::Headers hold{{"x-amz-object-lock-legal-hold", "ON"}};
    const auto made = co_await site.ask("PUT", "/vault/a", "held", hold);
    EXPECT_EQ(co_await site.status("PUT", "/vault/a", "newer"), 200);
    const std::string noncurrent =
        rules("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>");
    EXPECT_EQ(co_await site.status("PUT", "/vault?lifecycle", noncurrent), 200);
    site.wall_ms += 3 * day_ms;
    EXPECT_EQ(co_await round(&site), LifecycleCounts{});
    const std::string id(made.header("x-amz-version-id"));
    EXPECT_EQ(
        co_await site.status(
            "PUT", "/vault/a?legal-hold&versionId=" + id, "<LegalHold><Status>OFF</Status></LegalHold>"
        ),
        200
    );
    EXPECT_EQ(co_await round(&site), LifecycleCounts{.removed = 1});
    co_await site.stop();
}

ASYNC_TEST(Lifecycle, ATransitionIsShownAndTagsDecide) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    const std::string cold = rules(
        "<Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition>",
        "<Tag><Key>cold</Key><Value>yes</Value></Tag>"
    );
    EXPECT_EQ(co_await site.status("PUT", "/books?lifecycle", cold), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books/a", "x", {{"x-amz-tagging", "cold=yes"}}), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books/b", "x", {{"x-amz-tagging", "cold=no"}}), 200);
    site.wall_ms += 31 * day_ms;
    EXPECT_EQ(co_await round(&site), LifecycleCounts{.transitions = 1});
    auto answer = co_await site.ask("HEAD", "/books/a");
    EXPECT_EQ(answer.header("x-amz-storage-class"), "GLACIER");
    answer = co_await site.ask("HEAD", "/books/b");
    EXPECT_EQ(answer.header("x-amz-storage-class"), "");
    EXPECT_EQ(co_await round(&site), LifecycleCounts{}) << "once";
    co_await site.stop();
}

ASYNC_TEST(Lifecycle, AbandonedUploadsAreAborted) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    const std::string abort = rules(
        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload>"
    );
    EXPECT_EQ(co_await site.status("PUT", "/books?lifecycle", abort), 200);
    auto& service = *site.service;
    const auto bucket = service.buckets().find("books");
    const contents::ContentName content{.sha256 = std::string(64, 'c'), .key = std::string(32, 'd')};
    changelog::ChangeLog::Decision begin = [&](changelog::Batch& batch) -> Result<void> {
        Upload upload{.id = "upload-1", .draft = {.key = "a", .modified_ms = site.wall_ms}};
        const auto& storage = service.storage();
        batch.put(storage.uploads, upload_place(bucket->number, "a", upload.id), encode_upload(upload));
        UploadedPart part{.number = 1, .etag = "e", .piece = {.content = content, .length = 1}};
        const auto place = part_place(upload.id, 1);
        batch.put(storage.parts, place, encode_part(part));
        batch.put(storage.references, reference_place(content, part_reference, place), "");
        return {};
    };
    REQUIRE(co_await service.log().write(std::move(begin)));
    EXPECT_EQ(co_await site.status("DELETE", "/books"), 409);
    EXPECT_EQ(co_await round(&site), LifecycleCounts{});
    site.wall_ms += 4 * day_ms;
    EXPECT_EQ(co_await round(&site), LifecycleCounts{.uploads = 1});
    int left = 0;
    const auto count = [&left](std::string_view, std::string_view) { return ++left > 0; };
    const auto references = changelog::KeyRange::prefix(reference_prefix(content));
    REQUIRE(service.log().view().scan(service.storage().references, references, count));
    REQUIRE(service.log().view().scan(service.storage().parts, changelog::KeyRange::prefix(""), count));
    EXPECT_EQ(left, 0) << "nothing refers to its parts any more";
    EXPECT_EQ(co_await site.status("DELETE", "/books"), 204);
    co_await site.stop();
}

}  // namespace
}  // namespace cloudshelf::objects
