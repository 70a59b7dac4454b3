// Goal: browsers are told what other origins may, before and after, and nothing where nothing is allowed. Method: a
// service in this process.
#include "region/objects/site_test.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::objects {
namespace {

const std::string rules =
    "<CORSConfiguration><CORSRule><AllowedOrigin>https://*.example.com</AllowedOrigin><AllowedMethod>GET</"
    "AllowedMethod>"
    "<AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></"
    "CORSRule>"
    "</CORSConfiguration>";

io::Headers preflight(std::string origin, std::string method, std::string headers = "x-amz-date") {
    return {
        {"Origin", std::move(origin)},
        {"Access-Control-Request-Method", std::move(method)},
        {"Access-Control-Request-Headers", std::move(headers)}
    };
}

ASYNC_TEST(CorsOperations, PreflightRequests) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    auto answer = co_await site.ask_anonymously("OPTIONS", "/books/a", preflight("https://a.example.com", "GET"));
    EXPECT_EQ(answer.status, 403) << "there are no rules";
    EXPECT_EQ(code_of(answer), "AccessForbidden");
    EXPECT_EQ(co_await site.status("PUT", "/books?cors", rules), 200);
    // A presigned target's signature is for GET, and none of this request's business.
    answer = co_await site.ask_anonymously(
        "OPTIONS",
        "/books/a?X-Amz-Signature=0&X-Amz-Algorithm=AWS4-HMAC-SHA256",
        preflight("https://a.example.com", "GET")
    );
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://a.example.com");
    EXPECT_EQ(answer.header("Access-Control-Allow-Methods"), "GET");
    EXPECT_EQ(answer.header("Access-Control-Allow-Headers"), "x-amz-date");
    EXPECT_EQ(answer.header("Access-Control-Max-Age"), "60");
    answer = co_await site.ask_anonymously("OPTIONS", "/books/a", preflight("https://example.org", "GET"));
    EXPECT_EQ(answer.status, 403);
    answer = co_await site.ask_anonymously("OPTIONS", "/books/a", preflight("https://a.example.com", "PUT"));
    EXPECT_EQ(answer.status, 403);
    answer = co_await site.ask_anonymously("OPTIONS", "/books/a", preflight("https://a.example.com", "GET", "cookie"));
    EXPECT_EQ(answer.status, 403);
    answer = co_await site.ask_anonymously("OPTIONS", "/books/a", preflight("https://a.example.com", "BREW"));
    EXPECT_EQ(answer.status, 400);
    answer = co_await site.ask_anonymously("OPTIONS", "/books/a");
    EXPECT_EQ(code_of(answer), "BadRequest");
    co_await site.stop();
}

ASYNC_TEST(CorsOperations, AnswersToOtherOriginsSayWhatIsAllowed) {
    Site site(co_await boost::asio::this_coro::executor);
    REQUIRE(co_await site.start());
    EXPECT_EQ(co_await site.status("PUT", "/books"), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books?cors", rules), 200);
    EXPECT_EQ(co_await site.status("PUT", "/books/a", "x"), 200);
    auto answer = co_await site.ask("GET", "/books/a", {}, {{"Origin", "https://a.example.com"}});
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://a.example.com");
    EXPECT_EQ(answer.header("Access-Control-Expose-Headers"), "ETag");
    answer = co_await site.ask("GET", "/books/none", {}, {{"Origin", "https://a.example.com"}});
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://a.example.com") << "errors too";
    answer = co_await site.ask("PUT", "/books/a", "y", {{"Origin", "https://a.example.com"}});
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "") << "no rule for PUT";
    answer = co_await site.ask("GET", "/books/a");
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
    co_await site.stop();
}

}  // namespace
}  // namespace cloudshelf::objects
