// Goal: a bucket's website answers browsers as S3's endpoints do: index and error documents, folders, redirects, and
// nothing that is not public. Method: hosts by name; a service in this process.
#include "region/objects/website.hpp"

#include "region/objects/site_test.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::objects {
namespace {

TEST(WebsiteHost, NamesABucketBelowADomain) {
    const std::vector<std::string> domains{"s3.cloudshelf.com", "shelf.test"};
    const auto bucket = [&](std::string_view host) { return website_bucket(host, domains, "us-east-1").value_or("-"); };
    EXPECT_EQ(bucket("www.s3-website.us-east-1.cloudshelf.com"), "www");
    EXPECT_EQ(bucket("www.s3-website-us-east-1.cloudshelf.com:9000"), "www");
    EXPECT_EQ(bucket("WWW.s3-website.CloudShelf.com"), "www");
    EXPECT_EQ(bucket("a.b.s3-website.us-east-1.s3.cloudshelf.com"), "a.b") << "names may have dots";
    EXPECT_EQ(bucket("www.s3-website.shelf.test"), "www");
    EXPECT_EQ(bucket("www.s3-website.us-west-2.cloudshelf.com"), "-") << "another region's";
    EXPECT_EQ(bucket("www.s3.cloudshelf.com"), "-") << "the API";
    EXPECT_EQ(bucket(".s3-website.cloudshelf.com"), "-");
    EXPECT_EQ(bucket("www.s3-website.example.com"), "-");
    EXPECT_EQ(bucket(""), "-");
}

constexpr std::string_view open =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",)"
    R"("Resource":"arn:aws:s3:::www/*"}]})";
constexpr std::string_view listed =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],)"
    R"("Resource":["arn:aws:s3:::www","arn:aws:s3:::www/*"]}]})";

std::string configuration(std::string_view more) {
    return "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument>" + std::string(more) +
           "</WebsiteConfiguration>";
}

io::Task<io::HttpResponse> visit(Site* site, std::string path, std::string method = "GET") {
    io::Headers host{{"Host", "www.s3-website.us-east-1.cloudshelf.com:9000"}};
    return site->ask_anonymously(std::move(method), std::move(path), std::move(host));
}

io::Task<void> prepare(Site* site, std::string policy, std::string website) {
    EXPECT_EQ(co_await site->status("PUT", "/www"), 200);
    EXPECT_EQ(co_await site->status("PUT", "/www?policy", std::move(policy)), 204);
    EXPECT_EQ(co_await site->status("PUT", "/www?website", std::move(website)), 200);
    EXPECT_EQ(co_await site->status("PUT", "/www/index.html", "front", {{"Content-Type", "text/html"}}), 200);
    EXPECT_EQ(co_await site->status("PUT", "/www/shelf/index.html", "shelf"), 200);
    EXPECT_EQ(co_await site->status("PUT", "/www/a%20b.html", "blank"), 200);
    EXPECT_EQ(co_await site->status("PUT", "/www/oops.html", "sorry"), 200);
}

ASYNC_TEST(Website, IndexDocumentsStandForFolders) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    co_await prepare(&site, std::string(listed), configuration(""));
    auto answer = co_await visit(&site, "/");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "front");
    EXPECT_EQ(answer.header("Content-Type"), "text/html");
    answer = co_await visit(&site, "/shelf/?page=2");
    EXPECT_EQ(answer.body, "shelf") << "the query is nobody's";
    answer = co_await visit(&site, "/a%20b.html");
    EXPECT_EQ(answer.body, "blank");
    answer = co_await visit(&site, "/shelf");
    EXPECT_EQ(answer.status, 302);
    EXPECT_EQ(answer.header("Location"), "/shelf/");
    answer = co_await visit(&site, "/none");
    EXPECT_EQ(answer.status, 404);
    EXPECT_TRUE(answer.body.contains("NoSuchKey")) << answer.body;
    EXPECT_EQ(answer.header("Content-Type"), "text/html; charset=utf-8");
    answer = co_await visit(&site, "/none/<b>");
    EXPECT_FALSE(answer.body.contains("<b>")) << "what a visitor asks for is text";
    answer = co_await visit(&site, "/index.html", "HEAD");
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body.empty());
    answer = co_await visit(&site, "/index.html", "PUT");
    EXPECT_EQ(answer.status, 405);
    co_await site.stop();
}

ASYNC_TEST(Website, OnlyWhatIsPublicIsShown) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    co_await prepare(&site, std::string(open), configuration(""));
    auto answer = co_await visit(&site, "/none");
    EXPECT_EQ(answer.status, 403) << "who may not list is not told what is missing";
    EXPECT_EQ(co_await site.status("DELETE", "/www?policy"), 204);
    answer = co_await visit(&site, "/");
    EXPECT_EQ(answer.status, 403);
    EXPECT_FALSE(answer.body.contains("front"));
    EXPECT_EQ(co_await site.status("DELETE", "/www?website"), 204);
    answer = co_await visit(&site, "/");
    EXPECT_EQ(answer.status, 404);
    EXPECT_TRUE(answer.body.contains("NoSuchWebsiteConfiguration"));
    const io::Headers nobodys{{"Host", "none.s3-website.us-east-1.cloudshelf.com"}};
    answer = co_await site.ask_anonymously("GET", "/", nobodys);
    EXPECT_EQ(answer.status, 404);
    EXPECT_TRUE(answer.body.contains("NoSuchBucket"));
    co_await site.stop();
}

ASYNC_TEST(Website, ErrorDocumentsKeepTheStatus) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    co_await prepare(&site, std::string(listed), configuration("<ErrorDocument><Key>oops.html</Key></ErrorDocument>"));
    auto answer = co_await visit(&site, "/none");
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.body, "sorry");
    EXPECT_EQ(co_await site.status("DELETE", "/www/oops.html"), 204);
    answer = co_await visit(&site, "/none");
    EXPECT_EQ(answer.status, 404);
    EXPECT_TRUE(answer.body.contains("error document")) << answer.body;
    co_await site.stop();
}

ASYNC_TEST(Website, Redirects) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    co_await prepare(
        &site,
        std::string(listed),
        configuration(
            "<RoutingRules>"
            "<RoutingRule><Condition><KeyPrefixEquals>old/</KeyPrefixEquals></Condition>"
            "<Redirect><ReplaceKeyPrefixWith>new/</ReplaceKeyPrefixWith></Redirect></RoutingRule>"
            "<RoutingRule><Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition>"
            "<Redirect><HostName>other.example.com</HostName><HttpRedirectCode>307</HttpRedirectCode></Redirect>"
            "</RoutingRule></RoutingRules>"
        )
    );
    auto answer = co_await visit(&site, "/old/a%20b");
    EXPECT_EQ(answer.status, 301);
    EXPECT_EQ(answer.header("Location"), "http://www.s3-website.us-east-1.cloudshelf.com:9000/new/a%20b");
    answer = co_await visit(&site, "/none");
    EXPECT_EQ(answer.status, 307);
    EXPECT_EQ(answer.header("Location"), "http://other.example.com/none");
    const io::Headers elsewhere{{"x-amz-website-redirect-location", "/shelf/"}};
    EXPECT_EQ(co_await site.status("PUT", "/www/moved", "nothing", elsewhere), 200);
    answer = co_await visit(&site, "/moved");
    EXPECT_EQ(answer.status, 301);
    EXPECT_EQ(answer.header("Location"), "/shelf/");
    EXPECT_TRUE(answer.body.empty());
    EXPECT_EQ(co_await site.status("GET", "/www/moved"), 200) << "the API shows it as it is";

    const std::string all =
        "<WebsiteConfiguration><RedirectAllRequestsTo><HostName>example.com</HostName><Protocol>https</Protocol>"
        "</RedirectAllRequestsTo></WebsiteConfiguration>";
    EXPECT_EQ(co_await site.status("PUT", "/www?website", all), 200);
    answer = co_await visit(&site, "/shelf/x");
    EXPECT_EQ(answer.status, 301);
    EXPECT_EQ(answer.header("Location"), "https://example.com/shelf/x");
    co_await site.stop();
}

}  // namespace
}  // namespace cloudshelf::objects
