// Answers that are written in pieces.
#include "io/http_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::uint64_t huge = std::uint64_t{5} << 30;

Task<void> write_words(
    std::vector<std::string> words, std::shared_ptr<std::vector<bool>> went, HttpResponse::Writer write
) {
    for (auto& word : words) {
        const bool open = co_await write(std::move(word));
        went->push_back(open);
    }
}

Task<void> fail_after_a_piece(HttpResponse::Writer write) {
    co_await write("12345");
    throw std::runtime_error("the disk is gone");
}

/// What handlers of these tests leave behind.
struct Seen {
    std::shared_ptr<std::vector<bool>> went = std::make_shared<std::vector<bool>>();
    std::shared_ptr<bool> open = std::make_shared<bool>(true);
};
using Notes = std::shared_ptr<Seen>;

HttpResponse words(std::optional<std::uint64_t> length, std::vector<std::string> words, Notes notes) {
    HttpResponse response{.status = 200};
    response.content_length = length;
    response.stream = [words, notes](HttpResponse::Writer write) {
        return write_words(words, notes->went, std::move(write));
    };
    return response;
}

Task<HttpResponse> answer(Notes notes, HttpRequest request) {
    if (request.target == "/ten") co_return words(10, {"12345", "", "67890"}, notes);
    if (request.target == "/none") co_return words(0, {}, notes);
    if (request.target == "/events") co_return words({}, {"one ", "", "two ", std::string(100'000, '3')}, notes);
    if (request.target == "/short") co_return words(10, {"12345"}, notes);
    if (request.target == "/long") co_return words(10, {"12345", "67890!", "x"}, notes);
    if (request.target == "/huge") co_return pattern_answer(huge, notes->open);
    if (request.target == "/whole") co_return HttpResponse::text(200, std::string(100'000, 'w'));
    if (request.target == "/two-lines") co_return HttpResponse{.headers = {{"X", "a\r\nSet-Cookie: b"}}, .body = "c"};
    if (request.target.starts_with("/status/")) {
        auto response = words(10, {"1234567890"}, notes);
        response.status = std::stoi(request.target.substr(8));
        co_return response;
    }
    HttpResponse broken{.status = 200};
    broken.content_length = 10;
    broken.stream = fail_after_a_piece;
    co_return broken;
}

HttpServer::Handler answering(Notes notes) {
    return [notes](HttpRequest request) { return answer(notes, std::move(request)); };
}

/// The header in small letters' place: as it came, and what follows it.
struct Heard {
    std::string head;
    std::string body;
};
Heard parts_of(const std::string& answer) {
    const auto end = answer.find("\r\n\r\n");
    if (end == std::string::npos) return {.head = answer, .body = ""};
    return {.head = answer.substr(0, end + 4), .body = answer.substr(end + 4)};
}

Task<std::string> ask_raw(HttpServer* server, Tls tls, std::string requests) {
    const auto channel = co_await connect_to(server->port(), tls);
    co_await say(channel.get(), std::move(requests));
    auto answers = co_await hear(channel.get());
    co_return answers;
}

// Goal: a body of a known length goes out as it is, and the connection serves on: behind each kind of answer the next
// one is found.
HTTP_TEST(KeepsTheConnectionBehindStreams) {
    const auto notes = std::make_shared<Seen>();
    Talk talk(co_await asio::this_coro::executor, tls, answering(notes));
    for (const std::string target : {"/ten", "/none", "/events", "/whole", "/status/204", "/status/304"}) {
        const auto both = co_await ask_raw(
            &talk.server,
            tls,
            "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\nGET /ten HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        );
        const auto first = parts_of(both);
        EXPECT_NE(first.body.find("HTTP/1.1 200 OK\r\n"), std::string::npos) << target;
        EXPECT_TRUE(both.ends_with("\r\n\r\n1234567890")) << target;
        const bool bare = target.starts_with("/status/");
        EXPECT_EQ(first.head.contains("Content-Length: "), !bare && target != "/events") << first.head;
        EXPECT_EQ(first.head.contains("Transfer-Encoding: chunked\r\n"), target == "/events") << first.head;
        EXPECT_FALSE(first.head.contains("Connection: close")) << first.head;
        if (bare || target == "/none") {
            EXPECT_TRUE(first.body.starts_with("HTTP/1.1 200 OK\r\n")) << target;
        }
    }
    HttpRequest request{.target = "/events"};
    const auto events = co_await talk.ask(std::move(request));
    REQUIRE(events);
    EXPECT_EQ(events->body, "one two " + std::string(100'000, '3'));
}

// Goal: a client that knows no chunks gets the bytes alone, until the connection ends.
HTTP_TEST(SendsNoChunksToAnOldClient) {
    const auto notes = std::make_shared<Seen>();
    Talk talk(co_await asio::this_coro::executor, tls, answering(notes));
    const auto answer = co_await ask_raw(&talk.server, tls, "GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const auto [head, body] = parts_of(answer);
    EXPECT_FALSE(head.contains("Transfer-Encoding")) << head;
    EXPECT_TRUE(head.contains("Connection: close\r\n")) << head;
    EXPECT_EQ(body, "one two " + std::string(100'000, '3'));
}

// Goal: what a handler puts into a header, from a setting for example, never begins a header of its own.
HTTP_TEST(KeepsAHeaderToItsLine) {
    const auto notes = std::make_shared<Seen>();
    Talk talk(co_await asio::this_coro::executor, tls, answering(notes));
    HttpRequest request{.target = "/two-lines"};
    const auto answer = co_await talk.ask(std::move(request));
    REQUIRE(answer);
    EXPECT_EQ(answer->status, 500);
    EXPECT_EQ(answer->header("set-cookie"), "");
}

// Goal: HEAD is told what GET would send, however much, and the connection serves on.
HTTP_TEST(AnswersHead) {
    const auto notes = std::make_shared<Seen>();
    Talk talk(co_await asio::this_coro::executor, tls, answering(notes));
    const std::string rest = " HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto answers = co_await ask_raw(
        &talk.server, tls, "HEAD /huge" + rest + "HEAD /events" + rest + "HEAD /whole HTTP/1.0\r\n\r\n"
    );
    const auto first = parts_of(answers);
    EXPECT_TRUE(first.head.contains(fmt::format("Content-Length: {}\r\n", huge))) << first.head;
    const auto second = parts_of(first.body);
    EXPECT_TRUE(second.head.starts_with("HTTP/1.1 200 OK\r\n")) << second.head;
    const auto third = parts_of(second.body);
    EXPECT_TRUE(third.head.contains("Content-Length: 100000\r\n")) << third.head;
    EXPECT_EQ(third.body, "");
    EXPECT_TRUE(notes->went->empty());
    HttpRequest request{.method = "HEAD", .target = "/huge"};
    const auto answer = co_await talk.ask(std::move(request));
    REQUIRE(answer);
    EXPECT_EQ(answer->header("content-length"), std::to_string(huge));
}

// Goal: a body that is not what its header promised is seen as broken by the client, never as complete.
HTTP_TEST(ClosesBehindAWrongLength) {
    for (const char* target : {"/short", "/long", "/broken"}) {
        const auto notes = std::make_shared<Seen>();
        Talk talk(co_await asio::this_coro::executor, tls, answering(notes));
        HttpRequest request{.target = target};
        const auto answer = co_await talk.ask(std::move(request));
        EXPECT_FALSE(answer) << target;
        EXPECT_EQ(answer ? "" : answer.error().code, "io.closed") << target;
        if (std::string_view(target) == "/long") {
            EXPECT_EQ(*notes->went, (std::vector<bool>{true, false, false}));
        }
    }
}

// Goal: a writer learns that its peer has left.
HTTP_TEST(WritersLearnThatThePeerLeft) {
    const auto notes = std::make_shared<Seen>();
    Talk talk(co_await asio::this_coro::executor, tls, answering(notes));
    const auto channel = co_await connect_to(talk.server.port(), tls);
    co_await say(channel.get(), "GET /huge HTTP/1.1\r\nHost: a\r\n\r\n");
    co_await hear(channel.get(), "");
    channel->socket().close();
    const auto awaited = [notes] { return !*notes->open; };
    const bool told = co_await soon(awaited);
    EXPECT_TRUE(told);
}

// Goal: a peer that takes nothing does not hold a connection for ever.
HTTP_TEST(WritersGiveUpOnADeafPeer) {
    const auto notes = std::make_shared<Seen>();
    const HttpServer::Options options{.listen = {address, 0}, .tls = tls, .answer_idle_timeout = 100ms};
    Talk talk(co_await asio::this_coro::executor, options, answering(notes), {.tls = tls});
    const auto channel = co_await connect_to(talk.server.port(), tls);
    co_await say(channel.get(), "GET /huge HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto awaited = [notes] { return !*notes->open; };
    const bool told = co_await soon(awaited);
    EXPECT_TRUE(told);
    HttpRequest request{.target = "/ten"};
    const auto meanwhile = co_await talk.ask(std::move(request));
    EXPECT_TRUE(meanwhile);
}

}  // namespace
}  // namespace cloudshelf::io
