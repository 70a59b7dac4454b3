// Goal: buckets are made, listed and deleted, and who may do what is as S3 says. Method: a region in this process.
#include "region/objects/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cloudshelf::objects {
namespace {

REGION_TEST(Buckets, AreMadeListedAndDeleted) {
    const auto made = co_await region.put("/albums");
    EXPECT_EQ(outcome_of(made), "200");
    EXPECT_EQ(made.header("Location"), "/albums");
    const auto again = co_await region.put("/albums");
    EXPECT_EQ(outcome_of(again), "200");  // us-east-1 takes it for done
    const Ask ask_taken{.method = "PUT", .target = "/albums", .by = Who::stranger};
    const auto taken = co_await region.ask(ask_taken);
    EXPECT_EQ(outcome_of(taken), "409 BucketAlreadyExists");
    const auto bad = co_await region.put("/No");
    EXPECT_EQ(outcome_of(bad), "400 InvalidBucketName");
    const Ask ask_theirs{.method = "PUT", .target = "/theirs", .by = Who::stranger};
    const auto theirs = co_await region.ask(ask_theirs);
    EXPECT_EQ(theirs.status, 200);
    const auto listed = co_await region.get("/");
    const std::vector<std::string> names{"albums", "books"};
    EXPECT_EQ(texts_of(listed, "Name"), names);
    const auto located = co_await region.get("/albums?location");
    EXPECT_EQ(text_of(located, "LocationConstraint"), "");
    const auto head = co_await region.head("/albums");
    EXPECT_EQ(head.header("x-amz-bucket-region"), "us-east-1");
    const auto deleted = co_await region.remove("/albums");
    EXPECT_EQ(deleted.status, 204);
    const auto gone = co_await region.get("/albums");
    EXPECT_EQ(outcome_of(gone), "404 NoSuchBucket");
    const auto elsewhere = co_await region.put(
        "/elsewhere",
        "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"
    );
    EXPECT_EQ(outcome_of(elsewhere), "400 IllegalLocationConstraintException");
}

REGION_TEST(Buckets, ThatAreMadeAgainAreEmpty) {
    const auto put = co_await region.put("/books/k", "x");
    const auto removed = co_await region.remove("/books/k");
    const auto deleted = co_await region.remove("/books");
    EXPECT_EQ(put.status + removed.status + deleted.status, 200 + 204 + 204);
    const auto made = co_await region.put("/books");
    EXPECT_EQ(made.status, 200);
    const auto listed = co_await region.get("/books");
    EXPECT_EQ(texts_of(listed, "Key").size(), 0u);
}

REGION_TEST(Access, IsTheOwnersAccounts) {
    const auto put = co_await region.put("/books/k", "x");
    REQUIRE(put.status == 200);
    struct Case {
        Ask ask;
        std::string expected;
    };
    const std::vector<Case> cases{
        {{.target = "/books/k", .by = Who::reader}, "200"},
        {{.method = "PUT", .target = "/books/k", .body = "y", .by = Who::reader}, "403 AccessDenied"},
        {{.method = "DELETE", .target = "/books/k", .by = Who::reader}, "403 AccessDenied"},
        {{.target = "/books/k", .by = Who::stranger}, "403 AccessDenied"},
        {{.method = "PUT", .target = "/books/k", .body = "y", .by = Who::stranger}, "403 AccessDenied"},
        {{.target = "/books", .by = Who::stranger}, "403 AccessDenied"},
        {{.target = "/books/k", .by = Who::nobody}, "403 AccessDenied"},
        {{.target = "/books/none", .by = Who::nobody}, "403 AccessDenied"},
        {{.target = "/", .by = Who::nobody}, "403 AccessDenied"},
        {{.target = "/nothing/none", .by = Who::nobody}, "404 NoSuchBucket"},
    };
    for (const auto& each : cases) {
        const auto answer = co_await region.ask(each.ask);
        EXPECT_EQ(outcome_of(answer), each.expected) << each.ask.method << each.ask.target << int(each.ask.by);
    }
    const auto kept = co_await region.get("/books/k");
    EXPECT_EQ(kept.body, "x");
}

REGION_TEST(Access, NeedsASignatureThatHolds) {
    auto altered = region.signed_request({.target = "/books"});
    altered.target = "/books?prefix=x";
    const auto mismatch = co_await region.answer(std::move(altered));
    EXPECT_EQ(outcome_of(mismatch), "403 SignatureDoesNotMatch");
    auto old = region.signed_request({.target = "/books"});
    region.wall_ms += 16 * 60 * 1000;
    const auto skewed = co_await region.answer(std::move(old));
    EXPECT_EQ(outcome_of(skewed), "403 RequestTimeTooSkewed");
    EXPECT_TRUE(skewed.body.contains("<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>"));
    region.stranger.access_key_id = "AKIAUNKNOWN";
    const Ask ask_unknown{.target = "/books", .by = Who::stranger};
    const auto unknown = co_await region.ask(ask_unknown);
    EXPECT_EQ(outcome_of(unknown), "403 InvalidAccessKeyId");
}

REGION_TEST(Access, MayBeGivenByAUrl) {
    const auto minute = std::chrono::seconds(60);
    const Ask write{.method = "PUT", .target = "/books/k", .body = "hello"};
    const auto put = co_await region.answer(region.presigned_request(write, minute));
    EXPECT_EQ(outcome_of(put), "200") << put.body;
    auto read = region.presigned_request({.target = "/books/k?response-content-type=text%2Fcsv"}, minute);
    const auto got = co_await region.answer(read);
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.header("Content-Type"), "text/csv");
    region.wall_ms += 61'000;
    const auto expired = co_await region.answer(std::move(read));
    EXPECT_EQ(outcome_of(expired), "403 AccessDenied");
    EXPECT_EQ(text_of(expired, "Message"), "Request has expired");
}

}  // namespace
}  // namespace cloudshelf::objects
