// Goal: policies, lists and what blocks public access decide together as S3 says, and a request gets in by the word of
// one of them only. Method: a service in this process; Alice's bucket, asked by Bob and by nobody.
#include "region/objects/site_test.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::objects {
namespace {

std::string policy(std::string_view effect, std::string_view principal, std::string_view more) {
    return R"({"Version":"2012-10-17","Statement":[{"Effect":")" + std::string(effect) + R"(","Principal":)" +
           std::string(principal) + "," + std::string(more) + "}]}";
}

constexpr std::string_view get_all = R"("Action":"s3:GetObject","Resource":"arn:aws:s3:::books/*")";
constexpr std::string_view everybody = R"("*")";

io::Task<void> prepare(Site* site) {
    EXPECT_EQ(co_await site->status("PUT", "/books"), 200);
    EXPECT_EQ(co_await site->status("PUT", "/books/a", "x"), 200);
}

ASYNC_TEST(Authorization, APolicyOpensWhatItNames) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    co_await prepare(&site);
    auto answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 403);
    const std::string open = policy("Allow", everybody, get_all);
    EXPECT_EQ(co_await site.status("PUT", "/books?policy", open), 204);
    answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 200);
    answer = co_await site.ask_anonymously("GET", "/books");
    EXPECT_EQ(answer.status, 403) << "reading is not listing";
    answer = co_await site.ask_anonymously("GET", "/books/none");
    EXPECT_EQ(answer.status, 403) << "nor being told what is there";
    answer = co_await site.ask("GET", "/books?policy");
    EXPECT_EQ(answer.body, open) << "as it came";
    answer = co_await site.ask("GET", "/books?policyStatus");
    EXPECT_TRUE(answer.body.contains("<IsPublic>true<"));
    EXPECT_EQ(co_await site.status("DELETE", "/books?policy"), 204);
    answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 403);
    answer = co_await site.ask("GET", "/books?policy");
    EXPECT_EQ(code_of(answer), "NoSuchBucketPolicy");
    answer = co_await site.ask("PUT", "/books?policy", "{");
    EXPECT_EQ(code_of(answer), "MalformedPolicy");
    co_await site.stop();
}

ASYNC_TEST(Authorization, PrincipalsAreAccountsAndKeys) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    co_await prepare(&site);
    for (const std::string principal : {
             R"({"AWS":"222222222222"})",
             R"({"AWS":"arn:aws:iam::222222222222:root"})",
             R"({"AWS":"arn:aws:iam::222222222222:user/bob"})",
             R"({"CanonicalUser":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"})",
         }) {
        EXPECT_EQ(co_await site.status("DELETE", "/books?policy"), 204);
        auto answer = co_await site.ask_as(site.bob, "GET", "/books/a");
        EXPECT_EQ(answer.status, 403) << principal;
        EXPECT_EQ(co_await site.status("PUT", "/books?policy", policy("Allow", principal, get_all)), 204) << principal;
        answer = co_await site.ask_as(site.bob, "GET", "/books/a");
        EXPECT_EQ(answer.status, 200) << principal;
        answer = co_await site.ask_anonymously("GET", "/books/a");
        EXPECT_EQ(answer.status, 403) << principal;
        answer = co_await site.ask_as(site.bob, "PUT", "/books/a", "y");
        EXPECT_EQ(answer.status, 403) << principal;
    }
    co_await site.stop();
}

ASYNC_TEST(Authorization, DenialRulesOverEverythingButItsOwnRepair) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    co_await prepare(&site);
    const std::string_view all = R"("Action":"s3:*","Resource":["arn:aws:s3:::books","arn:aws:s3:::books/*"])";
    EXPECT_EQ(co_await site.status("PUT", "/books?policy", policy("Deny", everybody, all)), 204);
    EXPECT_EQ(co_await site.status("GET", "/books/a"), 403);
    EXPECT_EQ(co_await site.status("PUT", "/books/a", "y"), 403);
    auto answer = co_await site.ask_as(site.reader, "GET", "/books?policy");
    EXPECT_EQ(answer.status, 403) << "a key that is not the owner's own administrator";
    EXPECT_EQ(co_await site.status("DELETE", "/books?policy"), 204);
    EXPECT_EQ(co_await site.status("GET", "/books/a"), 200);
    co_await site.stop();
}

ASYNC_TEST(Authorization, ConditionsLookAtTheRequest) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    co_await prepare(&site);
    const auto with = [](std::string_view what, std::string_view condition) {
        return policy("Allow", everybody, std::string(what) + R"(,"Condition":)" + std::string(condition));
    };
    const std::string_view list = R"("Action":"s3:ListBucket","Resource":"arn:aws:s3:::books")";
    EXPECT_EQ(
        co_await site.status("PUT", "/books?policy", with(list, R"({"StringEquals":{"s3:prefix":"open/"}})")), 204
    );
    auto answer = co_await site.ask_anonymously("GET", "/books?prefix=open/");
    EXPECT_EQ(answer.status, 200);
    answer = co_await site.ask_anonymously("GET", "/books?prefix=shut/");
    EXPECT_EQ(answer.status, 403);
    answer = co_await site.ask_anonymously("GET", "/books");
    EXPECT_EQ(answer.status, 403);

    const std::string tagged = with(get_all, R"({"StringEquals":{"s3:ExistingObjectTag/Open":"yes"}})");
    EXPECT_EQ(co_await site.status("PUT", "/books?policy", tagged), 204);
    answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 403);
    const std::string tags = "<Tagging><TagSet><Tag><Key>Open</Key><Value>yes</Value></Tag></TagSet></Tagging>";
    EXPECT_EQ(co_await site.status("PUT", "/books/a?tagging", tags), 200);
    answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 200);

    const std::string near = with(get_all, R"({"IpAddress":{"aws:SourceIp":"127.3.0.0/16"}})");
    EXPECT_EQ(co_await site.status("PUT", "/books?policy", near), 204);
    answer = co_await site.ask_anonymously("GET", "/books/a", {}, {.secure = false, .peer_address = "127.3.1.1"});
    EXPECT_EQ(answer.status, 200);
    answer = co_await site.ask_anonymously("GET", "/books/a", {}, {.secure = false, .peer_address = "127.4.1.1"});
    EXPECT_EQ(answer.status, 403);
    answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 403) << "from nobody knows where";

    const std::string secure = with(get_all, R"({"Bool":{"aws:SecureTransport":"true"}})");
    EXPECT_EQ(co_await site.status("PUT", "/books?policy", secure), 204);
    answer = co_await site.ask_anonymously("GET", "/books/a", {}, {.secure = true, .peer_address = {}});
    EXPECT_EQ(answer.status, 200);
    answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 403);
    co_await site.stop();
}

ASYNC_TEST(Authorization, ListsGiveWhatTheirPermissionMeans) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    co_await prepare(&site);
    auto answer = co_await site.ask_anonymously("GET", "/books");
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(co_await site.status("PUT", "/books?acl", {}, {{"x-amz-acl", "public-read"}}), 200);
    answer = co_await site.ask_anonymously("GET", "/books");
    EXPECT_EQ(answer.status, 200);
    answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 403) << "the bucket's list is not the object's";
    answer = co_await site.ask_as(site.bob, "PUT", "/books/b", "x");
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(co_await site.status("PUT", "/books?acl", {}, {{"x-amz-acl", "authenticated-read"}}), 200);
    answer = co_await site.ask_anonymously("GET", "/books");
    EXPECT_EQ(answer.status, 403);
    answer = co_await site.ask_as(site.bob, "GET", "/books");
    EXPECT_EQ(answer.status, 200);
    answer = co_await site.ask_as(site.bob, "GET", "/books?acl");
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(
        co_await site.status("PUT", "/books?acl", {}, {{"x-amz-grant-write-acp", "id=" + site.bob.canonical_id}}), 200
    );
    answer = co_await site.ask_as(site.bob, "PUT", "/books?acl", {}, {{"x-amz-acl", "private"}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    answer = co_await site.ask_as(site.bob, "PUT", "/books?acl", {}, {{"x-amz-acl", "private"}});
    EXPECT_EQ(answer.status, 403) << "he took it from himself";
    co_await site.stop();
}

std::string block(std::string_view what) {
    return "<PublicAccessBlockConfiguration><" + std::string(what) + ">true</" + std::string(what) +
           "></PublicAccessBlockConfiguration>";
}

ASYNC_TEST(Authorization, PublicAccessIsBlocked) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    co_await prepare(&site);
    const io::Headers open{{"x-amz-acl", "public-read"}};
    const std::string open_policy = policy("Allow", everybody, get_all);
    const std::string at = "/books?publicAccessBlock";

    EXPECT_EQ(co_await site.status("PUT", at, block("BlockPublicAcls")), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books?acl", {}, open), 403);
    EXPECT_EQ(co_await site.status("PUT", "/books/b", "x", open), 403);
    EXPECT_EQ(co_await site.status("PUT", "/books/a?acl", {}, open), 403);
    EXPECT_EQ(co_await site.status("PUT", at, block("BlockPublicPolicy")), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books?policy", open_policy), 403);

    EXPECT_EQ(co_await site.status("DELETE", at), 204);
    EXPECT_EQ(co_await site.status("PUT", "/books/a?acl", {}, open), 200);
    auto answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(co_await site.status("PUT", at, block("IgnorePublicAcls")), 200);
    answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(co_await site.status("PUT", "/books?policy", open_policy), 204);
    answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 200) << "the policy still does";
    EXPECT_EQ(co_await site.status("PUT", at, block("RestrictPublicBuckets")), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books/a?acl", {}, {{"x-amz-acl", "private"}}), 200);
    answer = co_await site.ask_anonymously("GET", "/books/a");
    EXPECT_EQ(answer.status, 403);
    answer = co_await site.ask_as(site.reader, "GET", "/books/a");
    EXPECT_EQ(answer.status, 200) << "the owner's account is not the public";
    co_await site.stop();
}

/// What Bob may do with Alice's objects, as a policy for him.
std::string for_bob(std::string_view actions) {
    return policy(
        "Allow",
        R"({"AWS":"222222222222"})",
        R"("Action":[)" + std::string(actions) + R"(],"Resource":"arn:aws:s3:::books/*")"
    );
}

ASYNC_TEST(Authorization, WhatAWriteSetsBesidesIsAskedForToo) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    const io::Headers locking{{"x-amz-bucket-object-lock-enabled", "true"}, {"x-amz-object-ownership", "ObjectWriter"}};
    EXPECT_EQ(co_await site.status("PUT", "/books", {}, locking), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books/source", "x"), 200);
    struct Case {
        std::string action;
        io::Headers headers;
    };
    const std::vector<Case> cases{
        {"s3:PutObjectAcl", {{"x-amz-acl", "public-read"}}},
        {"s3:PutObjectAcl", {{"x-amz-grant-read", "id=" + site.alice.canonical_id}}},
        {"s3:PutObjectTagging", {{"x-amz-tagging", "a=b"}, {"x-amz-tagging-directive", "REPLACE"}}},
        {"s3:PutObjectLegalHold", {{"x-amz-object-lock-legal-hold", "ON"}}},
        {"s3:PutObjectRetention",
         {{"x-amz-object-lock-mode", "GOVERNANCE"}, {"x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z"}}},
    };
    const auto copying = [](io::Headers headers) {
        headers.emplace_back("x-amz-copy-source", "/books/source");
        return headers;
    };
    const std::string plainly = R"("s3:PutObject","s3:GetObject")";
    for (const auto& each : cases) {
        EXPECT_EQ(co_await site.status("PUT", "/books?policy", for_bob(plainly)), 204);
        const std::string what = each.action + " " + each.headers.front().first;
        auto answer = co_await site.ask_as(site.bob, "PUT", "/books/a", "x");
        EXPECT_EQ(answer.status, 200) << what;
        answer = co_await site.ask_as(site.bob, "PUT", "/books/a", "x", each.headers);
        EXPECT_EQ(answer.status, 403) << what;
        answer = co_await site.ask_as(site.bob, "PUT", "/books/a", {}, copying(each.headers));
        EXPECT_EQ(answer.status, 403) << what;
        answer = co_await site.ask_as(site.bob, "POST", "/books/a?uploads", {}, each.headers);
        EXPECT_EQ(answer.status, 403) << what;
        const std::string more = plainly + ",\"" + each.action + '"';
        EXPECT_EQ(co_await site.status("PUT", "/books?policy", for_bob(more)), 204);
        answer = co_await site.ask_as(site.bob, "PUT", "/books/a", "x", each.headers);
        EXPECT_EQ(answer.status, 200) << what << answer.body;
        answer = co_await site.ask_as(site.bob, "PUT", "/books/a", {}, copying(each.headers));
        EXPECT_EQ(answer.status, 200) << what << answer.body;
        answer = co_await site.ask_as(site.bob, "POST", "/books/a?uploads", {}, each.headers);
        EXPECT_EQ(answer.status, 200) << what << answer.body;
        // The owner's key suffices, unless it is denied.
        EXPECT_EQ(co_await site.status("PUT", "/books/a", "x", each.headers), 200) << what;
        const std::string denied = R"("Resource":"arn:aws:s3:::books/*","Action":")" + each.action + '"';
        EXPECT_EQ(co_await site.status("PUT", "/books?policy", policy("Deny", everybody, denied)), 204);
        EXPECT_EQ(co_await site.status("PUT", "/books/a", "x", each.headers), 403) << what;
    }
    co_await site.stop();
}

ASYNC_TEST(Authorization, WhoMayWriteByAListMayGiveTheObjectOne) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books", {}, {{"x-amz-object-ownership", "ObjectWriter"}}), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books?acl", {}, {{"x-amz-acl", "public-read-write"}}), 200);
    const io::Headers owners{{"x-amz-acl", "bucket-owner-full-control"}};
    auto answer = co_await site.ask_as(site.bob, "PUT", "/books/a", "x", owners);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(co_await site.status("GET", "/books/a"), 200);
    // What is there is another's, and no matter.
    EXPECT_EQ(co_await site.status("PUT", "/books/a", "x", {{"x-amz-acl", "private"}}), 200);
    answer = co_await site.ask_as(site.bob, "PUT", "/books/a", "x", {{"x-amz-tagging", "a=b"}});
    EXPECT_EQ(answer.status, 403);
    co_await site.stop();
}

ASYNC_TEST(Authorization, ACopysTagsAreReadAndSet) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books/a", "x", {{"x-amz-tagging", "a=b"}}), 200);
    const io::Headers copy{{"x-amz-copy-source", "/books/a"}};
    const io::Headers plain{{"x-amz-copy-source", "/books/a"}, {"x-amz-tagging-directive", "REPLACE"}};
    struct Case {
        std::string actions;
        io::Headers headers;
        int expected;
    };
    const std::string plainly = R"("s3:PutObject","s3:GetObject")";
    const std::vector<Case> cases{
        {plainly, plain, 200},
        {plainly, copy, 403},
        {plainly + R"(,"s3:GetObjectTagging")", copy, 403},
        {plainly + R"(,"s3:PutObjectTagging")", copy, 403},
        {plainly + R"(,"s3:GetObjectTagging","s3:PutObjectTagging")", copy, 200},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(co_await site.status("PUT", "/books?policy", for_bob(each.actions)), 204);
        const auto answer = co_await site.ask_as(site.bob, "PUT", "/books/b", {}, each.headers);
        EXPECT_EQ(answer.status, each.expected) << each.actions;
    }
    co_await site.stop();
}

ASYNC_TEST(Authorization, AnotherOwnerThanExpectedIsRefused) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    co_await prepare(&site);
    EXPECT_EQ(co_await site.status("GET", "/books/a", {}, {{"x-amz-expected-bucket-owner", "111111111111"}}), 200);
    EXPECT_EQ(co_await site.status("GET", "/books/a", {}, {{"x-amz-expected-bucket-owner", "222222222222"}}), 403);
    co_await site.stop();
}

}  // namespace
}  // namespace cloudshelf::objects
