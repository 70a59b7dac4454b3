// Goal: tags, locks and lists of versions change where they are asked to, and nowhere else; locks only ever grow.
// Method: a service in this process whose clock is moved.
#include "region/objects/site_test.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::objects {
namespace {

const std::string enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";

std::string tagging(std::string_view value) {
    return "<Tagging><TagSet><Tag><Key>shelf</Key><Value>" + std::string(value) + "</Value></Tag></TagSet></Tagging>";
}

std::string retention(std::string_view mode, std::string_view until) {
    return "<Retention><Mode>" + std::string(mode) + "</Mode><RetainUntilDate>" + std::string(until) +
           "</RetainUntilDate></Retention>";
}

ASYNC_TEST(ObjectSettings, TagsAreOfOneVersion) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books?versioning", enabled), 200);
    const auto first = co_await site.ask("PUT", "/books/a", "one");
    const std::string old = "/books/a?tagging&versionId=" + std::string(first.header("x-amz-version-id"));
    EXPECT_EQ(co_await site.status("PUT", "/books/a", "two"), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books/a?tagging", tagging("new")), 200);
    auto answer = co_await site.ask("PUT", old, tagging("old"));
    EXPECT_EQ(answer.header("x-amz-version-id"), first.header("x-amz-version-id"));
    answer = co_await site.ask("GET", "/books/a?tagging");
    EXPECT_TRUE(answer.body.contains("<Value>new</Value>")) << answer.body;
    answer = co_await site.ask("GET", old);
    EXPECT_TRUE(answer.body.contains("<Value>old</Value>")) << answer.body;
    answer = co_await site.ask("HEAD", "/books/a");
    EXPECT_EQ(answer.header("x-amz-tagging-count"), "1");
    EXPECT_EQ(co_await site.status("DELETE", "/books/a?tagging"), 204);
    answer = co_await site.ask("GET", "/books/a?tagging");
    EXPECT_FALSE(answer.body.contains("<Tag>"));
    answer = co_await site.ask("GET", old);
    EXPECT_TRUE(answer.body.contains("<Value>old</Value>")) << "the other version keeps its own";

    answer = co_await site.ask("PUT", "/books/none?tagging", tagging("x"));
    EXPECT_EQ(code_of(answer), "NoSuchKey");
    answer = co_await site.ask("PUT", "/books/a?tagging&versionId=nonsense", tagging("x"));
    EXPECT_EQ(code_of(answer), "InvalidArgument");
    EXPECT_EQ(co_await site.status("DELETE", "/books/a"), 204);
    answer = co_await site.ask("PUT", "/books/a?tagging", tagging("x"));
    EXPECT_EQ(code_of(answer), "NoSuchKey") << "a delete marker has no tags";
    co_await site.stop();
}

ASYNC_TEST(ObjectSettings, RetentionGrowsOnly) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    const io::Headers locking{{"x-amz-bucket-object-lock-enabled", "true"}};
    const io::Headers bypass{{"x-amz-bypass-governance-retention", "true"}};
    EXPECT_EQ(co_await site.status("PUT", "/vault", {}, locking), 200);
    const auto made = co_await site.ask("PUT", "/vault/a", "x");
    const std::string version = "/vault/a?versionId=" + std::string(made.header("x-amz-version-id"));
    const std::string at = "/vault/a?retention";
    auto answer = co_await site.ask("GET", at);
    EXPECT_EQ(code_of(answer), "NoSuchObjectLockConfiguration");
    answer = co_await site.ask("PUT", at, retention("GOVERNANCE", "2020-01-01T00:00:00Z"));
    EXPECT_EQ(code_of(answer), "InvalidArgument") << "in the past";
    EXPECT_EQ(co_await site.status("PUT", at, retention("GOVERNANCE", "2030-01-01T00:00:00Z")), 200);
    EXPECT_EQ(co_await site.status("PUT", at, retention("GOVERNANCE", "2031-01-01T00:00:00Z")), 200);
    answer = co_await site.ask("GET", at);
    EXPECT_TRUE(answer.body.contains("2031-01-01T00:00:00")) << answer.body;
    answer = co_await site.ask("PUT", at, retention("GOVERNANCE", "2030-01-01T00:00:00Z"));
    EXPECT_EQ(code_of(answer), "AccessDenied") << "shorter";
    answer = co_await site.ask("PUT", at, retention("COMPLIANCE", "2031-01-01T00:00:00Z"));
    EXPECT_EQ(code_of(answer), "AccessDenied") << "another mode";
    EXPECT_EQ(co_await site.status("DELETE", version), 403);
    EXPECT_EQ(co_await site.status("PUT", at, retention("COMPLIANCE", "2030-01-01T00:00:00Z"), bypass), 200);
    answer = co_await site.ask("PUT", at, retention("GOVERNANCE", "2031-01-01T00:00:00Z"), bypass);
    EXPECT_EQ(code_of(answer), "AccessDenied") << "nobody passes by compliance";
    EXPECT_EQ(co_await site.status("DELETE", version, {}, bypass), 403);
    site.wall_ms = 1'893'456'000'001;  // 2030-01-01 has begun
    EXPECT_EQ(co_await site.status("DELETE", version), 204);
    co_await site.stop();
}

ASYNC_TEST(ObjectSettings, RetentionIsPassedByWhereThatIsAllowed) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    const io::Headers locking{{"x-amz-bucket-object-lock-enabled", "true"}};
    const io::Headers bypass{{"x-amz-bypass-governance-retention", "true"}};
    EXPECT_EQ(co_await site.status("PUT", "/vault", {}, locking), 200);
    std::string document = "<Delete>";
    for (const std::string key : {"open", "kept"}) {
        const auto made = co_await site.ask("PUT", "/vault/" + key, "x");
        const std::string id(made.header("x-amz-version-id"));
        document += "<Object><Key>" + key + "</Key><VersionId>" + id + "</VersionId></Object>";
        const std::string at = "/vault/" + key + "?retention";
        EXPECT_EQ(co_await site.status("PUT", at, retention("GOVERNANCE", "2030-01-01T00:00:00Z")), 200);
    }
    document += "</Delete>";
    EXPECT_EQ(
        co_await site.status(
            "PUT",
            "/vault?policy",
            R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",)"
            R"("Action":"s3:BypassGovernanceRetention","Resource":"arn:aws:s3:::vault/kept"}]})"
        ),
        204
    );
    auto answer = co_await site.ask("POST", "/vault?delete", document);
    EXPECT_FALSE(answer.body.contains("<Deleted>")) << answer.body;
    answer = co_await site.ask("POST", "/vault?delete", document, bypass);
    EXPECT_TRUE(answer.body.contains("<Deleted><Key>open</Key>")) << answer.body;
    EXPECT_TRUE(answer.body.contains("<Error><Key>kept</Key>")) << answer.body;
    co_await site.stop();
}

ASYNC_TEST(ObjectSettings, AHoldKeepsUntilItIsTakenAway) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    const io::Headers locking{{"x-amz-bucket-object-lock-enabled", "true"}};
    EXPECT_EQ(co_await site.status("PUT", "/vault", {}, locking), 200);
    const auto made = co_await site.ask("PUT", "/vault/a", "x");
    const std::string version = "/vault/a?versionId=" + std::string(made.header("x-amz-version-id"));
    EXPECT_EQ(co_await site.status("PUT", "/vault/a?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>"), 200);
    EXPECT_EQ(co_await site.status("DELETE", version), 403);
    EXPECT_EQ(co_await site.status("PUT", "/vault/a?legal-hold", "<LegalHold><Status>OFF</Status></LegalHold>"), 200);
    const auto answer = co_await site.ask("GET", "/vault/a?legal-hold");
    EXPECT_TRUE(answer.body.contains("OFF"));
    EXPECT_EQ(co_await site.status("DELETE", version), 204);
    co_await site.stop();
}

ASYNC_TEST(ObjectSettings, ABucketWithoutLocksHasNone) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books/a", "x"), 200);
    for (const std::string at : {"/books/a?retention", "/books/a?legal-hold"}) {
        const auto answer = co_await site.ask("GET", at);
        EXPECT_EQ(code_of(answer), "InvalidRequest") << at;
    }
    co_await site.stop();
}

ASYNC_TEST(ObjectSettings, ListsAreOfTheObjectsOwner) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    const io::Headers everybodys{{"x-amz-acl", "public-read-write"}};
    EXPECT_EQ(co_await site.status("PUT", "/books", {}, everybodys), 200);
    auto answer = co_await site.ask_as(site.bob, "PUT", "/books/bobs", "x");
    EXPECT_EQ(answer.status, 200) << answer.body;
    answer = co_await site.ask("GET", "/books/bobs");
    EXPECT_EQ(answer.status, 403) << "the bucket's owner may not read what another owns";
    answer = co_await site.ask_as(site.bob, "GET", "/books/bobs");
    EXPECT_EQ(answer.status, 200) << answer.body;
    answer = co_await site.ask_as(site.bob, "GET", "/books/bobs?acl");
    EXPECT_TRUE(answer.body.contains("<DisplayName>Bob</DisplayName>")) << answer.body;
    const std::string list = answer.body;
    const io::Headers for_alice{{"x-amz-grant-read", "id=" + site.alice.canonical_id}};
    answer = co_await site.ask_as(site.bob, "PUT", "/books/bobs?acl", {}, for_alice);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(co_await site.status("GET", "/books/bobs"), 200);
    answer = co_await site.ask_anonymously("GET", "/books/bobs");
    EXPECT_EQ(answer.status, 403);
    const io::Headers open{{"x-amz-acl", "public-read"}};
    answer = co_await site.ask_as(site.bob, "PUT", "/books/bobs?acl", {}, open);
    EXPECT_EQ(answer.status, 200);
    answer = co_await site.ask_anonymously("GET", "/books/bobs");
    EXPECT_EQ(answer.status, 200);
    answer = co_await site.ask_as(site.bob, "PUT", "/books/bobs?acl", list);
    EXPECT_EQ(answer.status, 200) << answer.body;
    answer = co_await site.ask_anonymously("GET", "/books/bobs");
    EXPECT_EQ(answer.status, 403);
    answer = co_await site.ask_as(site.bob, "PUT", "/books/bobs?acl");
    EXPECT_EQ(code_of(answer), "MissingSecurityHeader");
    EXPECT_EQ(co_await site.status("DELETE", "/books/bobs"), 204) << "but delete it";
    co_await site.stop();
}

}  // namespace
}  // namespace cloudshelf::objects
