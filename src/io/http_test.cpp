#include "io/http_test.hpp"

#include "io/background.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;

Task<HttpResponse> echo(HttpRequest request) {
    if (request.path() == "/slow") co_await wait_for(10s);
    HttpResponse response = HttpResponse::text(200, request.method + " " + request.target + " " + request.body);
    co_return response;
}

/// Sends raw bytes and answers the status line's number, or 0 when the server just closes.
Task<int> status_of(std::uint16_t port, std::string bytes, Tls tls) {
    const auto open = co_await connect_to(port, tls);
    Channel& channel = *open;
    co_await asio::async_write(channel, asio::buffer(bytes), asio::use_awaitable);
    std::string answer(12, '\0');
    boost::system::error_code problem;
    co_await asio::async_read(channel, asio::buffer(answer), asio::redirect_error(asio::use_awaitable, problem));
    co_return problem ? 0 : std::stoi(answer.substr(9, 3));
}

// Goal: a kept connection serves many requests, and bodies and queries arrive whole.
HTTP_TEST(AnswersOnOneConnection) {
    Talk talk(co_await asio::this_coro::executor, tls, echo);
    for (int i = 0; i < 50; ++i) {
        HttpRequest request{.method = "POST", .target = "/books?q=a%20b+c", .body = std::to_string(i)};
        EXPECT_EQ(request.query("q"), "a b c");
        const auto answer = co_await talk.ask(std::move(request));
        REQUIRE(answer);
        EXPECT_EQ(answer->body, "POST /books?q=a%20b+c " + std::to_string(i));
    }
}

/// Sends bytes in pieces of that size and answers everything that comes back until the server closes.
Task<std::string> talk_raw(std::uint16_t port, std::string bytes, std::size_t piece, Tls tls) {
    const auto open = co_await connect_to(port, tls);
    Channel& channel = *open;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const auto next = asio::buffer(bytes.data() + at, std::min(piece, bytes.size() - at));
        co_await asio::async_write(channel, next, asio::use_awaitable);
    }
    std::string answer;
    error_code closed;
    co_await asio::async_read(channel, asio::dynamic_buffer(answer), asio::redirect_error(asio::use_awaitable, closed));
    co_return answer;
}

// Goal: three requests sent without waiting are answered in their order, however the bytes are cut: all in one packet,
// or each alone.
HTTP_TEST(TakesRequestsInAnyPieces) {
    Talk talk(co_await asio::this_coro::executor, tls, echo);
    const std::string requests =
        "GET /one HTTP/1.1\r\nHost: a\r\n\r\n"
        "POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        "POST /three HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n";
    for (const std::size_t piece : {requests.size(), std::size_t{1}, std::size_t{7}}) {
        const auto answers = co_await talk_raw(talk.server.port(), requests, piece, tls);
        const auto one = answers.find("\r\n\r\nGET /one ");
        const auto two = answers.find("\r\n\r\nPOST /two abc");
        const auto three = answers.find("\r\n\r\nPOST /three def");
        EXPECT_TRUE(one < two && two < three && three != std::string::npos) << piece << "\n" << answers;
    }
}

// Goal: nothing behind a body of unclear length is taken for a request.
HTTP_TEST(EndsTheConnectionWithAnAmbiguousRequest) {
    Talk talk(co_await asio::this_coro::executor, tls, echo);
    for (const char* coding : {"xchunked", "chunked, identity", "gzip"}) {
        const auto requests = fmt::format(
            "POST /one HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {}\r\n\r\n"
            "GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            coding
        );
        const auto answers = co_await talk_raw(talk.server.port(), requests, requests.size(), tls);
        EXPECT_TRUE(answers.starts_with("HTTP/1.1 400 ")) << answers;
        EXPECT_EQ(answers.find("smuggled"), std::string::npos) << answers;
    }
}

// Goal: who waits to be told to go on is told so, once, and then answered; also when it has nothing to send, which
// clients of AWS do not get over otherwise.
HTTP_TEST(TellsToGoOn) {
    Talk talk(co_await asio::this_coro::executor, tls, echo);
    const std::string request =
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc";
    const auto answer = co_await talk_raw(talk.server.port(), request, request.size() - 3, tls);
    EXPECT_TRUE(answer.ends_with("POST / abc")) << answer;
    EXPECT_EQ(answer.find("HTTP/1.1 100 Continue"), answer.rfind("HTTP/1.1 100 Continue")) << answer;
    const std::string empty =
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n";
    const auto told = co_await talk_raw(talk.server.port(), empty, empty.size(), tls);
    EXPECT_TRUE(told.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << told;
    const std::string old = "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n";
    const auto untold = co_await talk_raw(talk.server.port(), old, old.size(), tls);
    EXPECT_TRUE(untold.starts_with("HTTP/1.0 200 OK\r\n")) << untold;
}

Task<HttpResponse> answer_much(HttpRequest) {
    std::string much;
    while (much.size() < 7'000'000) much += std::to_string(much.size()) + ' ';
    co_return HttpResponse::text(200, std::move(much));
}

// Goal: an answer of more than the kernel takes at once arrives whole, and the connection serves on.
HTTP_TEST(AnswersMuch) {
    Talk talk(co_await asio::this_coro::executor, tls, answer_much);
    HttpRequest request;
    const auto expected = co_await answer_much(request);
    for (int i = 0; i < 3; ++i) {
        const auto answer = co_await talk.ask(request, 10s);
        REQUIRE(answer);
        EXPECT_TRUE(answer->body == expected.body);
    }
}

// Goal: what a client may say of a request that got no answer. Nothing listens: not done. No answer in time: unknown.
HTTP_TEST(TellsNotDoneFromUnknown) {
    Talk talk(co_await asio::this_coro::executor, tls, echo);
    HttpRequest slow{.target = "/slow"};
    const auto late = co_await talk.ask(std::move(slow), 50ms);
    REQUIRE(!late);
    EXPECT_EQ(late.error().code, "io.timeout");
    EXPECT_EQ(late.error().certainty, Certainty::unknown);
    const Endpoint nobody{address, 1};
    HttpRequest request;
    const auto refused = co_await talk.client.send(nobody, std::move(request), Deadline::after(2s));
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "io.connect");
    EXPECT_EQ(refused.error().certainty, Certainty::not_done);
}

// Goal: a request that two readers could understand in two ways is refused (RFC 9112 §6, reliability.md S9).
HTTP_TEST(RefusesAmbiguousRequests) {
    const auto executor = co_await asio::this_coro::executor;
    HttpServer server(
        executor, {.listen = {address, 0}, .body_bytes_max = 100, .header_bytes_max = 8000, .tls = tls}, echo
    );
    const auto started = server.start();
    REQUIRE(started);
    const std::string host = "Host: a\r\n";
    const std::vector<std::string> bad = {
        "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\n" + host + "Content-Length: 18446744073709551616\r\n\r\n",
        "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\nGET /smuggled HTTP/1.1\r\n" + host + "\r\n",
        "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\n" + host + host + "\r\n",
        "GET http://elsewhere/ HTTP/1.1\r\n" + host + "\r\n",
        "GET / HTTP/1.1\r\n" + host + "Bad Name: x\r\n\r\n",
        std::string("GET / HTTP/1.1\r\n") + host + "Name: a" + '\0' + "b\r\n\r\n",
    };
    for (const auto& bytes : bad) {
        const int status = co_await status_of(server.port(), bytes, tls);
        EXPECT_EQ(status, 400) << bytes;
    }
    const int large_header = co_await status_of(
        server.port(), "GET / HTTP/1.1\r\n" + host + "X: " + std::string(9000, 'x') + "\r\n\r\n", tls
    );
    EXPECT_EQ(large_header, 431);
    const int large_body =
        co_await status_of(server.port(), "POST / HTTP/1.1\r\n" + host + "Content-Length: 101\r\n\r\n", tls);
    EXPECT_EQ(large_body, 413);
}

ASYNC_TEST(Http, NamesWhoHasThePort) {
    const auto executor = co_await asio::this_coro::executor;
    HttpServer first(executor, {.listen = {address, 0}}, echo);
    const auto started = first.start();
    REQUIRE(started);
    HttpServer second(executor, {.listen = {address, first.port()}}, echo);
    const auto refused = second.start();
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "io.address-in-use");
    EXPECT_NE(refused.error().message.find("io_test"), std::string::npos) << refused.error().message;
}

Task<void> three_events(HttpResponse::Writer write) {
    for (int i = 0; i < 3; ++i) co_await write("data: " + std::to_string(i) + "\n\n");
}

Task<HttpResponse> events(HttpRequest) {
    HttpResponse response{.status = 200, .headers = {{"Content-Type", "text/event-stream"}}};
    response.stream = three_events;
    co_return response;
}

// Goal: who is not admitted gets not a word. Method: a server that admits nobody, and one that is asked with both ends.
HTTP_TEST(AsksWhomToAdmit) {
    const auto executor = co_await asio::this_coro::executor;
    bool welcome = false;
    HttpServer::Options options{.listen = {address, 0}, .tls = tls};
    options.admits = [&welcome](const Endpoint& ours, const Endpoint& peer) {
        EXPECT_EQ(ours.address, address);
        EXPECT_NE(peer.port, ours.port);
        return welcome;
    };
    Talk talk(executor, std::move(options), echo, {.tls = tls});
    const auto refused = co_await talk.ask();
    EXPECT_FALSE(refused);
    welcome = true;
    const auto answered = co_await talk.ask();
    EXPECT_TRUE(answered);
}

HTTP_TEST(Streams) {
    Talk talk(co_await asio::this_coro::executor, tls, events);
    const auto answer = co_await talk.ask();
    REQUIRE(answer);
    EXPECT_EQ(answer->body, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
}

// Goal: `stop` ends idle connections at once, and does not wait for those who say nothing.
HTTP_TEST(StopsWithIdleConnections) {
    Talk talk(co_await asio::this_coro::executor, tls, echo);
    const auto answer = co_await talk.ask();
    REQUIRE(answer);
    const auto limit = Deadline::after(5s);
    co_await talk.server.stop(limit);
    EXPECT_FALSE(limit.passed());
    const auto refused = co_await talk.ask();
    REQUIRE(!refused);
    EXPECT_EQ(refused.error().code, "io.connect");  // and not an answer that never came on the kept connection
}

/// Answers each request with the number of the connection that it came on, "/late" when it is told to. It keeps the
/// first connection only.
struct LateServer {
    explicit LateServer(Executor executor)
        : acceptor(executor, {asio::ip::make_address(address), 0}),
          late(executor, asio::steady_timer::duration::max()) {
        run_in_background(executor, accept_all(executor));
    }
    Task<void> accept_all(Executor executor) {
        for (;;) {
            error_code problem;
            auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, problem));
            if (problem) co_return;
            run_in_background(executor, serve(std::move(socket), connections++));
        }
    }
    Task<void> serve(asio::ip::tcp::socket socket, int number) {
        error_code problem;
        for (std::string read;; read.clear()) {
            co_await asio::async_read_until(
                socket, asio::dynamic_buffer(read), "\r\n\r\n", asio::redirect_error(asio::use_awaitable, problem)
            );
            if (problem) co_return;
            error_code told;
            if (read.starts_with("GET /late ")) {
                co_await late.async_wait(asio::redirect_error(asio::use_awaitable, told));
            }
            const char* kept = number == 0 ? "keep-alive" : "close";
            const auto answer =
                fmt::format("HTTP/1.1 200 OK\r\nConnection: {}\r\nContent-Length: 1\r\n\r\n{}", kept, number);
            co_await asio::async_write(
                socket, asio::buffer(answer), asio::redirect_error(asio::use_awaitable, problem)
            );
        }
    }

    asio::ip::tcp::acceptor acceptor;
    asio::steady_timer late;
    int connections = 0;
};

// Goal: the connection of an answer that came too late is used again, so that slowness does not breed handshakes; and
// nobody gets another one's answer.
ASYNC_TEST(Http, ALateAnswerCostsNoConnection) {
    const auto executor = co_await asio::this_coro::executor;
    LateServer server(executor);
    HttpClient client(executor);
    const auto ask = [&](const char* target, Duration limit) {
        HttpRequest request{.target = target};
        const Endpoint endpoint{address, server.acceptor.local_endpoint().port()};
        return client.send(endpoint, std::move(request), Deadline::after(limit));
    };
    const auto none = co_await ask("/late", 50ms);
    REQUIRE(!none);
    EXPECT_EQ(none.error().code, "io.timeout");
    EXPECT_EQ(none.error().certainty, Certainty::unknown);
    const auto meanwhile = co_await ask("/next", 3s);
    REQUIRE(meanwhile);
    EXPECT_EQ(meanwhile->body, "1");
    server.late.cancel();
    bool used_again = false;
    for (const auto limit = Deadline::after(5s); !used_again && !limit.passed();) {
        const auto answer = co_await ask("/next", 3s);
        REQUIRE(answer);
        used_again = answer->body == "0";
        co_await wait_for(1ms);
    }
    EXPECT_TRUE(used_again);
    server.acceptor.close();
}

TEST(Endpoint, ParsesAddressesOnly) {
    EXPECT_EQ(Endpoint::parse("127.1.0.1:8080")->port, 8080);
    for (const char* bad : {"localhost:80", "127.1.0.1", "127.1.0.1:", "127.1.0.1:65536", "127.1.0.1:80x", ":80"}) {
        EXPECT_FALSE(Endpoint::parse(bad)) << bad;
    }
}

}  // namespace
}  // namespace cloudshelf::io
