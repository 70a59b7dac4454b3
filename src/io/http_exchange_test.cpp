// Bodies that the client moves in pieces.
#include "io/http_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Echoes a streamed body's length; "/pattern/N" answers N bytes of it, "/stall" begins and says no more, "/refuse"
/// reads nothing.
Task<void> stall(HttpResponse::Writer write) {
    co_await write("12345");
    co_await wait_for(10s);
}

Task<HttpResponse> answer(HttpRequest request) {
    if (request.target == "/refuse") co_return HttpResponse::text(403, "no such bucket");
    if (request.target.starts_with("/pattern/")) co_return pattern_answer(std::stoull(request.target.substr(9)));
    if (request.target == "/stall") {
        HttpResponse stalling{.status = 200};
        stalling.content_length = 10;
        stalling.stream = stall;
        co_return stalling;
    }
    if (request.target == "/large-error") co_return HttpResponse::text(500, std::string(3000, 'e'));
    Pattern pattern;
    bool good = request.incoming != nullptr;
    while (good) {
        const auto piece = co_await request.incoming->next();
        if (!piece) co_return HttpResponse::text(400, piece.error().code);
        if (piece->empty()) break;
        good = pattern.follows(*piece);
    }
    co_return HttpResponse::text(good ? 200 : 500, std::to_string(pattern.at()));
}

bool puts(const HttpRequest& head) {
    return head.method == "PUT";
}

/// One connection at a time: a second would be closed at once, so whatever works has used the first again.
HttpServer::Options one_connection(Tls tls) {
    return {.listen = {address, 0}, .connections_max = 1, .tls = tls, .streams = puts};
}
HttpServer::Options any_connections(Tls tls) {
    return {.listen = {address, 0}, .tls = tls, .streams = puts};
}

/// Where a download goes.
struct Got {
    Pattern pattern;
    bool good = true;
    int pieces = 0;
    std::uint64_t fail_at = ~std::uint64_t{0};
};

Task<Result<void>> collect(std::shared_ptr<Got> got, std::string piece) {
    EXPECT_LE(piece.size(), body_piece_bytes_max);
    ++got->pieces;
    got->good = got->good && got->pattern.follows(piece);
    if (got->pattern.at() > got->fail_at) co_return fail("test.full", "no more room");
    co_return Result<void>();
}
BodySink into(std::shared_ptr<Got> got) {
    return [got](std::string piece) { return collect(got, std::move(piece)); };
}

std::shared_ptr<std::uint64_t> zero() {
    return std::make_shared<std::uint64_t>(0);
}

// Goal: all three ways of asking share a connection, and long bodies arrive whole.
HTTP_TEST(MovesBothWaysOnOneConnection) {
    Talk talk(co_await asio::this_coro::executor, one_connection(tls), answer, {.tls = tls});
    constexpr std::uint64_t length = 24'000'001;
    for (int i = 0; i < 2; ++i) {
        HttpRequest put{.method = "PUT", .target = "/a"};
        const auto up = co_await talk.client.upload(talk.at(), put, pattern_of(length, zero()), Deadline::after(10s));
        REQUIRE(up);
        EXPECT_EQ(up->body, std::to_string(length));
        const auto got = std::make_shared<Got>();
        HttpRequest get{.target = fmt::format("/pattern/{}", length)};
        const auto down = co_await talk.client.download(talk.at(), get, into(got), Deadline::after(10s));
        REQUIRE(down);
        EXPECT_TRUE(got->good);
        EXPECT_EQ(got->pattern.at(), length);
        EXPECT_EQ(down->body, "");
        EXPECT_EQ(down->header("content-length"), std::to_string(length));
        HttpRequest none{.method = "PUT", .target = "/none"};
        const auto empty = co_await talk.client.upload(talk.at(), none, pattern_of(0, zero()), Deadline::after(10s));
        REQUIRE(empty);
        EXPECT_EQ(empty->body, "0");
        HttpRequest nothing{.target = "/pattern/0"};
        const auto bare = co_await talk.client.download(talk.at(), nothing, into(got), Deadline::after(10s));
        REQUIRE(bare);
        HttpRequest usual{.target = "/pattern/3"};
        const auto whole = co_await talk.ask(usual);
        REQUIRE(whole);
        EXPECT_EQ(whole->body.size(), 3U);
    }
}

// Goal: what an error says is collected for the caller, within the limit, and the sink has no part of it.
HTTP_TEST(CollectsWhatErrorsSay) {
    const HttpClient::Options small{.body_bytes_max = 1000, .tls = tls};
    Talk talk(co_await asio::this_coro::executor, one_connection(tls), answer, small);
    const auto got = std::make_shared<Got>();
    HttpRequest request{.target = "/refuse"};
    for (int i = 0; i < 2; ++i) {
        const auto refused = co_await talk.client.download(talk.at(), request, into(got), Deadline::after(5s));
        REQUIRE(refused);
        EXPECT_EQ(refused->status, 403);
        EXPECT_EQ(refused->body, "no such bucket");
    }
    request.target = "/large-error";
    const auto large = co_await talk.client.download(talk.at(), request, into(got), Deadline::after(5s));
    REQUIRE(!large);
    EXPECT_EQ(large.error().code, "io.bad-answer");
    EXPECT_EQ(got->pieces, 0);
}

// Goal: a sink that can take no more ends the download with its own error; the client goes on.
HTTP_TEST(EndsWithItsSink) {
    Talk talk(co_await asio::this_coro::executor, any_connections(tls), answer, {.tls = tls});
    const auto got = std::make_shared<Got>();
    got->fail_at = 1'000'000;
    HttpRequest request{.target = "/pattern/500000000"};
    const auto aborted = co_await talk.client.download(talk.at(), request, into(got), Deadline::after(10s));
    REQUIRE(!aborted);
    EXPECT_EQ(aborted.error().code, "test.full");
    EXPECT_LT(got->pattern.at(), 1'000'000 + body_piece_bytes_max + 1);
    HttpRequest next{.target = "/pattern/5"};
    const auto answer = co_await talk.ask(next);
    REQUIRE(answer);
    EXPECT_EQ(answer->body, Pattern::piece(0, 5));
}

Task<Result<std::string>> no_source() {
    co_return fail("test.no-source", "the file is gone");
}
Task<Result<std::string>> empty_source() {
    co_return std::string();
}
Task<Result<std::string>> long_source() {
    co_return std::string(11, 'x');
}

// Goal: an upload whose source fails, or is not as long as it was said to be, is no upload.
HTTP_TEST(EndsWithItsSource) {
    Talk talk(co_await asio::this_coro::executor, any_connections(tls), answer, {.tls = tls});
    struct Case {
        Task<Result<std::string>> (*source)();
        const char* code;
    };
    for (const auto& [source, code] :
         {Case{no_source, "test.no-source"}, Case{empty_source, "io.bad-upload"}, Case{long_source, "io.bad-upload"}}) {
        HttpRequest request{.method = "PUT", .target = "/a"};
        Upload upload{.length = 10, .source = source};
        const auto failed = co_await talk.client.upload(talk.at(), request, std::move(upload), Deadline::after(5s));
        REQUIRE(!failed);
        EXPECT_EQ(failed.error().code, code);
    }
}

// Goal: a server that refuses a long upload is heard, and most of it stays at home; all of it where the client waits to
// be told to go on.
HTTP_TEST(HearsAnEarlyAnswer) {
    Talk talk(co_await asio::this_coro::executor, any_connections(tls), answer, {.tls = tls});
    constexpr std::uint64_t length = std::uint64_t{4} << 30;
    const auto given = zero();
    HttpRequest request{.method = "PUT", .target = "/refuse"};
    request.headers = {{"Expect", "100-continue"}};
    const auto waited =
        co_await talk.client.upload(talk.at(), request, pattern_of(length, given), Deadline::after(20s));
    REQUIRE(waited);
    EXPECT_EQ(waited->status, 403);
    EXPECT_EQ(*given, 0U);
    request.headers.clear();
    const auto pushed =
        co_await talk.client.upload(talk.at(), request, pattern_of(length, given), Deadline::after(20s));
    REQUIRE(pushed);
    EXPECT_EQ(pushed->status, 403);
    EXPECT_EQ(pushed->body, "no such bucket");
    EXPECT_LT(*given, length);
    request.target = "/wanted";
    request.headers = {{"Expect", "100-continue"}};
    const auto wanted =
        co_await talk.client.upload(talk.at(), request, pattern_of(3'000'000, zero()), Deadline::after(20s));
    REQUIRE(wanted);
    EXPECT_EQ(wanted->body, "3000000");
}

/// Says nothing to the header of an upload until the body has begun to come; "/refuse" then reads no more of it.
Task<HttpResponse> answer_late(std::shared_ptr<std::uint64_t> given, HttpRequest request) {
    while (*given == 0) co_await wait_for(5ms);
    co_return co_await answer(std::move(request));
}

// Goal: a server that does not know "Expect: 100-continue" gets its body, and one that says it late is understood, and
// so is one that answers instead.
HTTP_TEST(SendsTheBodyToAServerThatDoesNotSayGoOn) {
    const auto given = zero();
    const auto handler = [given](HttpRequest request) { return answer_late(given, std::move(request)); };
    Talk talk(co_await asio::this_coro::executor, any_connections(tls), handler, {.tls = tls});
    constexpr std::uint64_t length = 30'000'000;
    HttpRequest request{.method = "PUT", .target = "/wanted"};
    request.headers = {{"Expect", "100-continue"}};
    const auto began = now();
    const auto taken = co_await talk.client.upload(talk.at(), request, pattern_of(length, given), Deadline::after(20s));
    REQUIRE(taken);
    EXPECT_EQ(taken->body, std::to_string(length));
    EXPECT_GE(now() - began, 900ms) << "the server had its moment";
    *given = 0;
    request.target = "/refuse";
    constexpr std::uint64_t more = std::uint64_t{4} << 30;
    const auto refused = co_await talk.client.upload(talk.at(), request, pattern_of(more, given), Deadline::after(20s));
    REQUIRE(refused);
    EXPECT_EQ(refused->status, 403);
    EXPECT_LT(*given, more);
    // The deadline of the whole is no later for it.
    *given = 0;
    const auto silent =
        co_await talk.client.upload(talk.at(), request, pattern_of(more, zero()), Deadline::after(200ms));
    *given = 1;
    REQUIRE(!silent);
    EXPECT_EQ(silent.error().code, "io.timeout");
}

// Goal: a server that falls silent inside a body is given up by silence, not only by the deadline of the whole; and one
// that keeps sending by the deadline.
HTTP_TEST(GivesUpOnSilence) {
    const HttpClient::Options hasty{.tls = tls, .body_idle_timeout = 100ms};
    Talk talk(co_await asio::this_coro::executor, any_connections(tls), answer, hasty);
    const auto got = std::make_shared<Got>();
    HttpRequest request{.target = "/stall"};
    const auto deadline = Deadline::after(8s);
    const auto silent = co_await talk.client.download(talk.at(), request, into(got), deadline);
    REQUIRE(!silent);
    EXPECT_EQ(silent.error().code, "io.timeout");
    EXPECT_FALSE(deadline.passed());
    request.target = "/pattern/900000000000";
    const auto endless =
        co_await talk.client.download(talk.at(), request, into(std::make_shared<Got>()), Deadline::after(200ms));
    REQUIRE(!endless);
    EXPECT_EQ(endless.error().code, "io.timeout");
    EXPECT_EQ(endless.error().certainty, Certainty::unknown);
}

// Goal: a body that ends early is an error, whatever the sink has had.
HTTP_TEST(TellsAnAnswerThatEndsEarly) {
    auto talk = std::make_unique<Talk>(
        co_await asio::this_coro::executor, any_connections(tls), answer, HttpClient::Options{.tls = tls}
    );
    HttpClient client(co_await asio::this_coro::executor, {.tls = tls});
    const auto at = talk->at();
    const auto stop_it = [](std::shared_ptr<Got> got, std::unique_ptr<Talk>* one) -> BodySink {
        return [got, one](std::string piece) {
            one->reset();  // the server goes, with all of its connections
            return collect(got, std::move(piece));
        };
    };
    const auto got = std::make_shared<Got>();
    HttpRequest request{.target = "/pattern/500000000"};
    const auto broken = co_await client.download(at, request, stop_it(got, &talk), Deadline::after(10s));
    REQUIRE(!broken);
    EXPECT_EQ(broken.error().code, "io.closed");
    EXPECT_GT(got->pieces, 0);
}

}  // namespace
}  // namespace cloudshelf::io
