#include "io/connect_proxy.hpp"

#include "support/async.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr const char* address = "127.46.0.3";

Task<HttpResponse> echo(HttpRequest request) {
    HttpResponse response = HttpResponse::text(200, request.target);
    co_return response;
}

/// What the proxy, and whoever it leads to, say to these bytes.
Task<std::string> answer_to(std::uint16_t port, std::string bytes) {
    const auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::socket socket(executor);
    const asio::ip::tcp::endpoint proxy(asio::ip::make_address(address), port);
    co_await socket.async_connect(proxy, asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
    std::string answer;
    boost::system::error_code end;
    co_await asio::async_read(socket, asio::dynamic_buffer(answer), asio::redirect_error(asio::use_awaitable, end));
    co_return answer;
}

// Goal: a host that it knows is reached, at the port that was asked for; others are refused, and so is what is no
// CONNECT.
ASYNC_TEST(ConnectProxy, LeadsToTheHostsItKnows) {
    const auto executor = co_await asio::this_coro::executor;
    HttpServer server(executor, {.listen = {address, 0}}, echo);
    EXPECT_TRUE(server.start());
    ConnectProxy proxy(executor, {.listen = {address, 0}, .hosts = {{"site.example", address}}});
    EXPECT_TRUE(proxy.start());
    const std::string inner = "GET /through HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const auto port = proxy.port();
    // The request behind the head arrives with it: it must not get lost.
    const auto through =
        co_await answer_to(port, fmt::format("CONNECT site.example:{} HTTP/1.1\r\n\r\n{}", server.port(), inner));
    EXPECT_TRUE(through.starts_with("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200")) << through;
    EXPECT_TRUE(through.ends_with("/through")) << through;
    const auto unknown = co_await answer_to(port, "CONNECT other.example:80 HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(unknown.starts_with("HTTP/1.1 403")) << unknown;
    const auto plain = co_await answer_to(port, "GET http://site.example/ HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(plain.starts_with("HTTP/1.1 400")) << plain;
    const auto nobody = co_await answer_to(port, "CONNECT site.example:1 HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(nobody.starts_with("HTTP/1.1 502")) << nobody;
    co_await server.stop(Deadline::after(1s));
}

// Goal: what is no host and port is refused.
TEST(ConnectProxyHead, ReadsHostAndPort) {
    const auto good = parse_connect("CONNECT a.b:2380 HTTP/1.1\r\nHost: a.b\r\n\r\n");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->host, "a.b");
    EXPECT_EQ(good->port, 2380);
    for (const char* bad :
         {"",
          "CONNECT",
          "CONNECT a HTTP/1.1",
          "CONNECT a: HTTP/1.1",
          "CONNECT :1 HTTP/1.1",
          "CONNECT a:0 HTTP/1.1",
          "CONNECT a:99999 HTTP/1.1",
          "CONNECT a:1x HTTP/1.1",
          "CONNECT a:1",
          "GET a:1 HTTP/1.1"})
        EXPECT_FALSE(parse_connect(bad)) << bad;
}

}  // namespace
}  // namespace cloudshelf::io
