// Goal: a bucket with versions keeps them all, and answers for each. Method: a region in this process.
#include "region/objects/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cloudshelf::objects {
namespace {

REGION_TEST(Versions, AreKeptUnderTheirIds) {
    co_await region.set_versioning("books", Versioning::enabled);
    const auto first = co_await region.put("/books/k", "one");
    const auto second = co_await region.put("/books/k", "two");
    const std::string one(first.header("x-amz-version-id"));
    const std::string two(second.header("x-amz-version-id"));
    REQUIRE(!one.empty() && !two.empty() && one != two);
    const auto newest = co_await region.get("/books/k");
    EXPECT_EQ(newest.body, "two");
    EXPECT_EQ(newest.header("x-amz-version-id"), two);
    const auto old = co_await region.get("/books/k?versionId=" + one);
    EXPECT_EQ(old.body, "one");

    const auto removed = co_await region.remove("/books/k");
    EXPECT_EQ(removed.status, 204);
    EXPECT_EQ(removed.header("x-amz-delete-marker"), "true");
    const std::string marker(removed.header("x-amz-version-id"));
    const auto gone = co_await region.get("/books/k");
    EXPECT_EQ(outcome_of(gone), "404 NoSuchKey");
    EXPECT_EQ(gone.header("x-amz-delete-marker"), "true");
    EXPECT_EQ(gone.header("x-amz-version-id"), marker);
    const auto itself = co_await region.get("/books/k?versionId=" + marker);
    EXPECT_EQ(outcome_of(itself), "405 MethodNotAllowed");
    EXPECT_EQ(itself.header("x-amz-delete-marker"), "true");

    const auto listed = co_await region.get("/books?versions");
    const std::vector<std::string> ids{marker, two, one};
    EXPECT_EQ(texts_of(listed, "VersionId"), ids);
    const std::vector<std::string> latest{"true", "false", "false"};
    EXPECT_EQ(texts_of(listed, "IsLatest"), latest);

    const auto unmarked = co_await region.remove("/books/k?versionId=" + marker);
    EXPECT_EQ(unmarked.header("x-amz-delete-marker"), "true");
    const auto back = co_await region.get("/books/k");
    EXPECT_EQ(back.body, "two");
    const auto for_good = co_await region.remove("/books/k?versionId=" + two);
    EXPECT_EQ(for_good.status, 204);
    EXPECT_EQ(for_good.header("x-amz-version-id"), two);
    const auto older = co_await region.get("/books/k");
    EXPECT_EQ(older.body, "one");
}

REGION_TEST(Versions, HaveOneNullAtMost) {
    const auto before = co_await region.put("/books/k", "unversioned");
    EXPECT_EQ(before.status, 200);
    co_await region.set_versioning("books", Versioning::enabled);
    const auto versioned = co_await region.put("/books/k", "versioned");
    const std::string id(versioned.header("x-amz-version-id"));
    const auto null = co_await region.get("/books/k?versionId=null");
    EXPECT_EQ(null.body, "unversioned");
    co_await region.set_versioning("books", Versioning::suspended);
    const auto suspended = co_await region.put("/books/k", "suspended");
    EXPECT_EQ(suspended.header("x-amz-version-id"), "null");
    const auto newest = co_await region.get("/books/k");
    EXPECT_EQ(newest.body, "suspended");
    const auto replaced = co_await region.get("/books/k?versionId=null");
    EXPECT_EQ(replaced.body, "suspended");
    const auto kept = co_await region.get("/books/k?versionId=" + id);
    EXPECT_EQ(kept.body, "versioned");
    const auto two = co_await region.come_to(2);
    EXPECT_TRUE(two);
    // A delete of the object replaces the null version with a marker that is null too.
    const auto removed = co_await region.remove("/books/k");
    EXPECT_EQ(removed.header("x-amz-version-id"), "null");
    const auto listed = co_await region.get("/books?versions");
    const std::vector<std::string> ids{"null", id};
    EXPECT_EQ(texts_of(listed, "VersionId"), ids);
}

REGION_TEST(Versions, KeepABucketFromBeingDeleted) {
    co_await region.set_versioning("books", Versioning::enabled);
    const auto put = co_await region.put("/books/k", "x");
    const auto removed = co_await region.remove("/books/k");
    EXPECT_EQ(put.status, 200);
    const auto refused = co_await region.remove("/books");
    EXPECT_EQ(outcome_of(refused), "409 BucketNotEmpty");
    for (const auto& response : {&put, &removed}) {
        const std::string id(response->header("x-amz-version-id"));
        const auto gone = co_await region.remove("/books/k?versionId=" + id);
        EXPECT_EQ(gone.status, 204);
    }
    const auto deleted = co_await region.remove("/books");
    EXPECT_EQ(deleted.status, 204) << deleted.body;
    const auto head = co_await region.head("/books");
    EXPECT_EQ(head.status, 404);
}

}  // namespace
}  // namespace cloudshelf::objects
