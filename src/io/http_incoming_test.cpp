// Bodies of requests that come in pieces.
#include "io/background.hpp"
#include "io/http_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <sys/resource.h>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// What a handler saw.
struct Seen {
    int requests = 0;
    std::uint64_t bytes = 0;
    std::string problem;
    std::shared_ptr<BodyReader> kept;
    bool go_on = true;
};
using Notes = std::shared_ptr<Seen>;

bool always(const HttpRequest&) {
    return true;
}
bool uploads(const HttpRequest& head) {
    return head.method == "PUT";
}

/// Reads to the end and answers what came: "PUT /a 3 abc", or 400 with the code of the error; "/refuse" is answered at
/// once, "/half" after one piece, "/later" when it is told to go on.
Task<HttpResponse> take(Notes notes, HttpRequest request) {
    ++notes->requests;
    if (!request.incoming) co_return HttpResponse::text(200, "whole " + request.body);
    notes->kept = request.incoming;
    if (request.target == "/refuse") co_return HttpResponse::text(403, "no");
    const auto may_go_on = [notes] { return notes->go_on; };
    if (request.target == "/later") co_await soon(may_go_on);
    Pattern pattern;
    std::string start;
    bool good = true;
    for (;;) {
        const auto piece = co_await request.incoming->next();
        if (!piece) {
            notes->problem = piece.error().code;
            co_return HttpResponse::text(400, piece.error().code);
        }
        if (piece->empty()) break;
        EXPECT_LE(piece->size(), body_piece_bytes_max);
        notes->bytes += piece->size();
        good = good && pattern.follows(*piece);
        if (start.size() < 16) start += piece->substr(0, 16);
        if (request.target == "/half") co_return HttpResponse::text(200, "enough");
    }
    if (good && pattern.at() > 0) start = "pattern";
    co_return HttpResponse::text(200, fmt::format("{} {} {} {}", request.method, request.target, notes->bytes, start));
}

HttpServer::Handler taking(Notes notes) {
    return [notes](HttpRequest request) { return take(notes, std::move(request)); };
}

HttpServer::Options streaming(Tls tls) {
    return {.listen = {address, 0}, .body_bytes_max = 1000, .tls = tls, .streams = always};
}

long resident_mib_max() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss >> 10;
}

// Goal: a body far longer than any buffer comes whole and in order, and never lies in memory.
HTTP_TEST(TakesALongBody) {
    const auto notes = std::make_shared<Seen>();
    Talk talk(co_await asio::this_coro::executor, streaming(tls), taking(notes), {.tls = tls});
    const std::uint64_t length = (tls ? std::uint64_t{48} : 300) << 20;
    [[maybe_unused]] const auto before = resident_mib_max();
    HttpRequest request{.method = "PUT", .target = "/long"};
    const auto answer = co_await talk.client.upload(
        talk.at(), std::move(request), pattern_of(length, std::make_shared<std::uint64_t>(0)), Deadline::after(25s)
    );
    REQUIRE(answer);
    EXPECT_EQ(answer->body, fmt::format("PUT /long {} pattern", length));
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
    EXPECT_LT(resident_mib_max() - before, 32);
#endif
}

// Goal: who does not read holds the sender back: what is under way is in the kernel's buffers and nowhere else.
HTTP_TEST(ReadsNothingAhead) {
    const auto notes = std::make_shared<Seen>();
    notes->go_on = false;
    const auto executor = co_await asio::this_coro::executor;
    Talk talk(executor, streaming(tls), taking(notes), {.tls = tls});
    constexpr std::uint64_t length = 48 << 20;
    const auto given = std::make_shared<std::uint64_t>(0);
    const auto watch = [](Notes seen, std::shared_ptr<std::uint64_t> sent) -> Task<void> {
        std::uint64_t before = 0;
        do {
            before = *sent;
            co_await wait_for(50ms);
        } while (*sent == 0 || *sent > before);
        EXPECT_LT(*sent, std::uint64_t{24} << 20);
        seen->go_on = true;
    };
    run_in_background(executor, watch(notes, given));
    HttpRequest request{.method = "PUT", .target = "/later"};
    const auto answer =
        co_await talk.client.upload(talk.at(), std::move(request), pattern_of(length, given), Deadline::after(25s));
    REQUIRE(answer);
    EXPECT_EQ(answer->body, fmt::format("PUT /later {} pattern", length));
}

// Goal: a client that waits to be told to go on is told when the body is wanted, and not when it is refused.
HTTP_TEST(AsksForABodyThatIsRead) {
    const auto notes = std::make_shared<Seen>();
    Talk talk(co_await asio::this_coro::executor, streaming(tls), taking(notes), {.tls = tls});
    const std::string rest = " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    const auto welcome = co_await connect_to(talk.server.port(), tls);
    co_await say(welcome.get(), "PUT /read" + rest);
    const auto go_on = co_await hear(welcome.get(), "\r\n\r\n");
    EXPECT_EQ(go_on, "HTTP/1.1 100 Continue\r\n\r\n");
    co_await say(welcome.get(), "abc");
    const auto answer = co_await hear(welcome.get(), "abc");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    co_await say(welcome.get(), "PUT /read HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n");
    const auto told = co_await hear(welcome.get(), "PUT /read 3 ");
    EXPECT_TRUE(told.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << told;
    const auto refused = co_await connect_to(talk.server.port(), tls);
    co_await say(refused.get(), "PUT /refuse" + rest);
    const auto no = co_await hear(refused.get());
    EXPECT_TRUE(no.starts_with("HTTP/1.1 403 ")) << no;
    EXPECT_NE(no.find("Connection: close\r\n"), std::string::npos) << no;
    EXPECT_EQ(notes->requests, 3);
}

// Goal: pipelined requests behind streamed ones are found at the right byte, however the bytes are cut, whether the
// body was read, read in part, or not at all.
HTTP_TEST(FindsTheRequestBehindABody) {
    const std::string requests =
        "PUT /read HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        "PUT /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x=y\r\nf\r\n0\r\nT: "
        "t\r\n\r\n"
        "PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nPUT /"
        "PUT /refuse HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nPUT /\r\n0\r\n\r\n"
        "PUT /half HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"
        "PUT /none HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        "GET /bare HTTP/1.1\r\nHost: a\r\n\r\n"
        "PUT /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast";
    for (const std::size_t size : {requests.size(), std::size_t{1}, std::size_t{7}}) {
        const auto notes = std::make_shared<Seen>();
        Talk talk(co_await asio::this_coro::executor, streaming(tls), taking(notes), {.tls = tls});
        const auto channel = co_await connect_to(talk.server.port(), tls);
        for (std::size_t at = 0; at < requests.size(); at += size) {
            co_await say(channel.get(), requests.substr(at, size));
        }
        const auto answers = co_await hear(channel.get());
        std::size_t at = 0;
        for (const char* expected :
             {"PUT /read 3 abc", "PUT /chunks 6 def", "no", "no", "enough", "PUT /none ", "GET /bare ", "PUT /last "}) {
            at = answers.find(std::string("\r\n\r\n") + expected, at);
            EXPECT_NE(at, std::string::npos) << size << " " << expected << "\n" << answers;
            if (at == std::string::npos) break;
        }
        EXPECT_EQ(notes->requests, 8);
    }
}

// Goal: the answer to a long upload that nobody wants arrives all the same, though the client goes on sending, and the
// connection ends with it.
HTTP_TEST(AnswersBeforeTheEnd) {
    const auto notes = std::make_shared<Seen>();
    Talk talk(co_await asio::this_coro::executor, streaming(tls), taking(notes), {.tls = tls});
    const auto channel = co_await connect_to(talk.server.port(), tls);
    constexpr std::size_t length = 2 << 20;
    co_await say(channel.get(), fmt::format("PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", length));
    co_await say(channel.get(), std::string(length, 'x'));
    const auto answer = co_await hear(channel.get());
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ")) << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nno")) << answer;
}

// Goal: who keeps the reader for longer than it may gets an error, and the next request its own bytes.
HTTP_TEST(TakesTheReaderBack) {
    const auto notes = std::make_shared<Seen>();
    Talk talk(co_await asio::this_coro::executor, streaming(tls), taking(notes), {.tls = tls});
    const auto channel = co_await connect_to(talk.server.port(), tls);
    co_await say(channel.get(), "PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
    co_await hear(channel.get(), "no");
    const auto late = co_await notes->kept->next();
    EXPECT_EQ(late ? "" : late.error().code, "io.closed");
    co_await say(channel.get(), "abcPUT /next HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ndef");
    const auto answer = co_await hear(channel.get(), "def");
    EXPECT_TRUE(answer.ends_with("PUT /next 3 def")) << answer;
}

// Goal: a body that ends early is no body.
HTTP_TEST(TellsABodyThatEndsEarly) {
    for (const char* start : {"Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n4\r\nabc"}) {
        const auto notes = std::make_shared<Seen>();
        Talk talk(co_await asio::this_coro::executor, streaming(tls), taking(notes), {.tls = tls});
        const auto channel = co_await connect_to(talk.server.port(), tls);
        co_await say(channel.get(), std::string("PUT /short HTTP/1.1\r\nHost: a\r\n") + start);
        co_await channel->close();
        const auto awaited = [notes] { return !notes->problem.empty(); };
        const bool told = co_await soon(awaited);
        EXPECT_TRUE(told);
        EXPECT_EQ(notes->problem, "io.closed");
    }
}

// Goal: neither silence nor a byte now and then holds a connection.
HTTP_TEST(EndsSlowBodies) {
    for (const bool trickles : {false, true}) {
        const auto notes = std::make_shared<Seen>();
        auto options = streaming(tls);
        options.body_idle_timeout = 100ms;
        options.bytes_per_second_min = 10'000;
        Talk talk(co_await asio::this_coro::executor, options, taking(notes), {.tls = tls});
        const auto channel = co_await connect_to(talk.server.port(), tls);
        co_await say(channel.get(), "PUT /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc");
        const auto limit = Deadline::after(5s);
        while (trickles && notes->problem.empty() && !limit.passed()) {
            Patience patience({.idle = 1s});
            const auto gone = co_await channel->write("x", &patience);
            if (gone) break;
            co_await wait_for(10ms);
        }
        const auto answer = co_await hear(channel.get());
        EXPECT_EQ(notes->problem, "io.timeout") << trickles;
        EXPECT_LT(notes->bytes, 300U);
        EXPECT_EQ(answer, "");
    }
}

// Goal: nothing that looks like a request behind a broken chunk is taken for one.
HTTP_TEST(RefusesBadChunks) {
    for (const char* chunk :
         {"zz\r\nab\r\n", "-2\r\nab\r\n", "2\r\nabc\r\n", "2 \r\nab\r\n", "0x2\r\nab\r\n", "\r\n"}) {
        const auto notes = std::make_shared<Seen>();
        Talk talk(co_await asio::this_coro::executor, streaming(tls), taking(notes), {.tls = tls});
        const auto channel = co_await connect_to(talk.server.port(), tls);
        const std::string head = "PUT /bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        co_await say(channel.get(), head + chunk + "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        const auto answer = co_await hear(channel.get());
        EXPECT_EQ(notes->problem, "io.bad-request") << chunk;
        EXPECT_EQ(notes->requests, 1) << chunk;
        EXPECT_TRUE(answer.ends_with("io.bad-request")) << chunk << answer;
    }
}

// Goal: the limit of streamed bodies holds, by the header where it says so, by counting where it does not; and bodies
// that are not streamed keep their own.
HTTP_TEST(HoldsTheLimits) {
    struct Case {
        const char* request;
        const char* answer;
    };
    const std::string chunks = "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n600\r\n" +
                               std::string(0x600, 'x') + "\r\n600\r\n" + std::string(0x600, 'x') + "\r\n0\r\n\r\n";
    const std::string whole_chunks = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n";
    for (const auto& [request, answer] : std::vector<Case>{
             {"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2001\r\n\r\n", "HTTP/1.1 413 "},
             {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", "HTTP/1.1 413 "},
             {whole_chunks.c_str(), "HTTP/1.1 413 "},
             {chunks.c_str(), "io.body-too-large"},
             {"POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "whole abc"},
         }) {
        const auto notes = std::make_shared<Seen>();
        auto options = streaming(tls);
        options.streams = uploads;
        options.streamed_body_bytes_max = 2000;
        Talk talk(co_await asio::this_coro::executor, options, taking(notes), {.tls = tls});
        const auto channel = co_await connect_to(talk.server.port(), tls);
        co_await say(channel.get(), request);
        const auto heard = co_await hear(channel.get());
        EXPECT_NE(heard.find(answer), std::string::npos) << request << "\n" << heard;
    }
}

// Goal: streaming makes no header acceptable that is not (RFC 9112 §6).
HTTP_TEST(RefusesAmbiguousHeads) {
    const auto notes = std::make_shared<Seen>();
    Talk talk(co_await asio::this_coro::executor, streaming(tls), taking(notes), {.tls = tls});
    for (const char* head :
         {"Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n",
          "Host: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n",
          "Host: a\r\nContent-Length: +3\r\n",
          "Host: a\r\nTransfer-Encoding: xchunked\r\n",
          "Host: a\r\nTransfer-Encoding: chunked, identity\r\n",
          "Host: a\r\nTransfer-Encoding: gzip\r\nContent-Length: 3\r\n",
          "Content-Length: 0\r\n",
          "Host: a\r\nHost: b\r\nContent-Length: 0\r\n"}) {
        const auto channel = co_await connect_to(talk.server.port(), tls);
        co_await say(channel.get(), fmt::format("PUT / HTTP/1.1\r\nConnection: close\r\n{}\r\n", head));
        const auto answer = co_await hear(channel.get());
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << head << answer;
    }
    EXPECT_EQ(notes->requests, 0);
}

// Goal: one client that sends nothing of its body keeps nobody waiting.
HTTP_TEST(ServesOthersMeanwhile) {
    const auto notes = std::make_shared<Seen>();
    Talk talk(co_await asio::this_coro::executor, streaming(tls), taking(notes), {.tls = tls});
    const auto slow = co_await connect_to(talk.server.port(), tls);
    co_await say(slow.get(), "PUT /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
    const auto awaited = [notes] { return notes->requests == 1; };
    const bool begun = co_await soon(awaited);
    REQUIRE(begun);
    for (int i = 0; i < 10; ++i) {
        HttpRequest request{.method = "PUT", .target = "/fast", .body = "abc"};
        const auto answer = co_await talk.ask(std::move(request));
        REQUIRE(answer);
    }
    notes->bytes = 0;
    co_await say(slow.get(), "abc");
    const auto answer = co_await hear(slow.get(), "abc");
    EXPECT_TRUE(answer.ends_with("PUT /slow 3 abc")) << answer;
}

}  // namespace
}  // namespace cloudshelf::io
