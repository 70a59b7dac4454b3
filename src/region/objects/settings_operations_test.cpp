// Goal: a bucket's documents are kept as they were accepted, are refused with S3's words, and say so when there is
// none. Method: a service in this process, asked over its API.
#include "region/objects/site_test.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::objects {
namespace {

struct Document {
    std::string subresource;
    std::string body;
    std::string missing;  // the error's code when there is none; empty: there always is one
    int put_status = 200;
};

const std::vector<Document> documents{
    {"tagging",
     "<Tagging><TagSet><Tag><Key>team</Key><Value>books</Value></Tag></TagSet></Tagging>",
     "NoSuchTagSet",
     204},
    {"cors",
     "<CORSConfiguration><CORSRule><AllowedOrigin>https://a</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"
     "</CORSRule></CORSConfiguration>",
     "NoSuchCORSConfiguration"},
    {"website",
     "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>",
     "NoSuchWebsiteConfiguration"},
    {"lifecycle",
     "<LifecycleConfiguration><Rule><ID>old</ID><Status>Enabled</Status><Filter><Prefix>log/</Prefix></Filter>"
     "<Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>",
     "NoSuchLifecycleConfiguration"},
    {"publicAccessBlock",
     "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>",
     "NoSuchPublicAccessBlockConfiguration"},
    {"ownershipControls",
     "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
     "OwnershipControlsNotFoundError"},
    {"encryption",
     "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>"
     "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
     ""},
};

ASYNC_TEST(SettingsOperations, DocumentsComeAndGo) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    for (const auto& document : documents) {
        const std::string at = "/books?" + document.subresource;
        auto answer = co_await site.ask("GET", at);
        EXPECT_EQ(code_of(answer), document.missing) << at;
        EXPECT_EQ(answer.status, document.missing.empty() ? 200 : 404) << at;
        answer = co_await site.ask("PUT", at, document.body);
        EXPECT_EQ(answer.status, document.put_status) << at << answer.body;
        answer = co_await site.ask("PUT", at, "<Nonsense/>");
        EXPECT_EQ(code_of(answer), "MalformedXML") << at;
        const auto kept = co_await site.ask("GET", at);
        EXPECT_EQ(kept.status, 200) << at;
        // What is answered can be put again, and is answered the same.
        answer = co_await site.ask("PUT", at, kept.body);
        EXPECT_EQ(answer.status, document.put_status) << at << answer.body;
        answer = co_await site.ask("GET", at);
        EXPECT_EQ(answer.body, kept.body) << at;
        answer = co_await site.ask("DELETE", at);
        EXPECT_EQ(answer.status, 204) << at;
        answer = co_await site.ask("GET", at);
        EXPECT_EQ(code_of(answer), document.missing) << at;
    }
    co_await site.stop();
}

ASYNC_TEST(SettingsOperations, EverythingIsEncryptedAlsoWhenNobodyAsked) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    const auto answer = co_await site.ask("GET", "/books?encryption");
    EXPECT_TRUE(answer.body.contains("<SSEAlgorithm>AES256</SSEAlgorithm>")) << answer.body;
    co_await site.stop();
}

ASYNC_TEST(SettingsOperations, WhoMayReadOnlySetsNothing) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    for (const auto& document : documents) {
        const std::string at = "/books?" + document.subresource;
        auto answer = co_await site.ask_as(site.reader, "PUT", at, document.body);
        EXPECT_EQ(answer.status, 403) << at;
        answer = co_await site.ask_as(site.bob, "GET", at);
        EXPECT_EQ(answer.status, 403) << at;
        answer = co_await site.ask_anonymously("GET", at);
        EXPECT_EQ(answer.status, 403) << at;
    }
    co_await site.stop();
}

ASYNC_TEST(SettingsOperations, SettingsAreThereAfterARestart) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    for (const auto& document : documents) {
        const std::string at = "/books?" + document.subresource;
        EXPECT_EQ(co_await site.status("PUT", at, document.body), document.put_status);
    }
    co_await site.stop();
    REQUIRE(co_await site.start());
    for (const auto& document : documents)
        EXPECT_EQ(co_await site.status("GET", "/books?" + document.subresource), 200);
    co_await site.stop();
}

const std::string enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
const std::string suspended = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
const std::string locked =
    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";

ASYNC_TEST(SettingsOperations, VersioningAndWhatStandsOnIt) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    auto answer = co_await site.ask("GET", "/books?versioning");
    EXPECT_FALSE(answer.body.contains("<Status>")) << "it never had any";
    const std::string replication =
        "<ReplicationConfiguration><Role>arn:aws:iam::111111111111:role/r</Role><Rule><ID>all</ID><Priority>1</"
        "Priority>"
        "<Status>Enabled</Status><Filter/><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>"
        "<Destination><Bucket>arn:aws:s3:::copy</Bucket></Destination></Rule></ReplicationConfiguration>";
    answer = co_await site.ask("PUT", "/books?replication", replication);
    EXPECT_EQ(code_of(answer), "InvalidRequest") << answer.body;
    answer = co_await site.ask("PUT", "/books?object-lock", locked);
    EXPECT_EQ(code_of(answer), "InvalidBucketState");
    EXPECT_EQ(answer.status, 409);
    answer = co_await site.ask("GET", "/books?object-lock");
    EXPECT_EQ(code_of(answer), "ObjectLockConfigurationNotFoundError");

    EXPECT_EQ(co_await site.status("PUT", "/books?versioning", enabled), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books?versioning", suspended), 200);
    answer = co_await site.ask("GET", "/books?versioning");
    EXPECT_TRUE(answer.body.contains("Suspended"));
    EXPECT_EQ(co_await site.status("PUT", "/books?versioning", enabled), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books?replication", replication), 200);
    answer = co_await site.ask("PUT", "/books?versioning", suspended);
    EXPECT_EQ(code_of(answer), "InvalidBucketState") << "replicas need versions";
    EXPECT_EQ(co_await site.status("DELETE", "/books?replication"), 204);
    EXPECT_EQ(co_await site.status("PUT", "/books?object-lock", locked), 200);
    answer = co_await site.ask("PUT", "/books?versioning", suspended);
    EXPECT_EQ(code_of(answer), "InvalidBucketState") << "so do locks";
    EXPECT_EQ(co_await site.status("GET", "/books?object-lock"), 200);
    co_await site.stop();
}

ASYNC_TEST(SettingsOperations, ANewBucketTakesItsSettingsAlong) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    const io::Headers open{{"x-amz-acl", "public-read"}};
    EXPECT_EQ(co_await site.status("PUT", "/open", {}, open), 200);
    auto answer = co_await site.ask("GET", "/open?acl");
    EXPECT_TRUE(answer.body.contains("AllUsers")) << answer.body;
    EXPECT_TRUE(answer.body.contains("<DisplayName>Alice</DisplayName>")) << answer.body;
    const io::Headers enforced{{"x-amz-object-ownership", "BucketOwnerEnforced"}};
    EXPECT_EQ(co_await site.status("PUT", "/enforced", {}, enforced), 200);
    answer = co_await site.ask("GET", "/enforced?ownershipControls");
    EXPECT_TRUE(answer.body.contains("BucketOwnerEnforced"));
    answer = co_await site.ask("PUT", "/enforced?acl", {}, open);
    EXPECT_EQ(code_of(answer), "AccessControlListNotSupported");
    const io::Headers both{{"x-amz-object-ownership", "BucketOwnerEnforced"}, {"x-amz-acl", "public-read"}};
    answer = co_await site.ask("PUT", "/neither", {}, both);
    EXPECT_EQ(code_of(answer), "InvalidBucketAclWithObjectOwnership");
    EXPECT_EQ(co_await site.status("HEAD", "/neither"), 404);
    // And an open list stands in the way of disabling lists.
    answer = co_await site.ask("PUT", "/open?ownershipControls", documents[5].body);
    EXPECT_EQ(code_of(answer), "InvalidBucketAclWithObjectOwnership");
    co_await site.stop();
}

ASYNC_TEST(SettingsOperations, WhatWeDoNotHaveIsNotSet) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    for (const std::string subresource :
         {"logging",
          "notification",
          "accelerate",
          "requestPayment",
          "analytics",
          "inventory",
          "metrics",
          "intelligent-tiering"}) {
        const auto answer = co_await site.ask("GET", "/books?" + subresource);
        EXPECT_EQ(answer.status, 200) << subresource;
    }
    auto answer = co_await site.ask("GET", "/books?requestPayment");
    EXPECT_TRUE(answer.body.contains("<Payer>BucketOwner</Payer>"));
    answer = co_await site.ask("PUT", "/books?logging", answer.body);
    EXPECT_EQ(code_of(answer), "MalformedXML");
    EXPECT_EQ(co_await site.status("PUT", "/books?notification", "<NotificationConfiguration/>"), 200);
    answer = co_await site.ask(
        "PUT", "/books?accelerate", "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>"
    );
    EXPECT_EQ(answer.status, 501);
    answer = co_await site.ask("GET", "/books?metrics&id=all");
    EXPECT_EQ(code_of(answer), "NoSuchConfiguration");
    EXPECT_EQ(answer.status, 404);
    co_await site.stop();
}

}  // namespace
}  // namespace cloudshelf::objects
