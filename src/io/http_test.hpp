#pragma once

// What the tests of HTTP share: each runs over plain HTTP and over TLS, between a server and a client of one loop.

#include "io/channel.hpp"
#include "io/http.hpp"
#include "support/async.hpp"
#include "support/authority.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cloudshelf::io {

inline constexpr const char* address = "127.46.0.1";

using Tls = std::shared_ptr<TlsContext>;

inline Tls test_tls() {
    static const testing::Authority authority;
    return TlsContext::open({.identity = authority.issue("test", {address})}).value_or(nullptr);
}

/// Each test runs twice: over plain HTTP, and over TLS with certificates on both sides.
#define HTTP_TEST(name)                \
    static Task<void> name(Tls tls);   \
    ASYNC_TEST(Http, name) {           \
        co_await name(nullptr);        \
    }                                  \
    ASYNC_TEST(Https, name) {          \
        auto tls = test_tls();         \
        REQUIRE(tls != nullptr);       \
        co_await name(std::move(tls)); \
    }                                  \
    static Task<void> name([[maybe_unused]] Tls tls)

/// A server that runs, and a client of it.
struct Talk {
    Talk(Executor executor, Tls tls, HttpServer::Handler handler)
        : Talk(executor, {.listen = {address, 0}, .tls = tls}, std::move(handler), {.tls = tls}) {}
    Talk(Executor executor, HttpServer::Options options, HttpServer::Handler handler, HttpClient::Options asking)
        : server(executor, std::move(options), std::move(handler)), client(executor, std::move(asking)) {
        const auto started = server.start();
        EXPECT_TRUE(started) << (started ? "" : started.error().message);
    }
    Endpoint at() const { return {address, server.port()}; }
    Task<Result<HttpResponse>> ask(HttpRequest request = {}, Duration limit = std::chrono::seconds(2)) {
        return client.send(at(), std::move(request), Deadline::after(limit));
    }

    HttpServer server;
    HttpClient client;
};

/// A connection to a server that runs here, for bytes as a test wants them.
inline Task<std::unique_ptr<Channel>> connect_to(std::uint16_t port, Tls tls) {
    auto channel = std::make_unique<Channel>(co_await boost::asio::this_coro::executor);
    const boost::asio::ip::tcp::endpoint server(boost::asio::ip::make_address(address), port);
    co_await channel->plain().async_connect(server, boost::asio::use_awaitable);
    if (!tls) co_return channel;
    auto session = tls->connecting(address);
    const auto problem = co_await channel->shake_hands(std::move(session), Channel::Side::connecting);
    EXPECT_FALSE(problem) << channel->why(problem);
    co_return channel;
}

inline Task<void> say(Channel* channel, std::string bytes) {
    co_await boost::asio::async_write(*channel, boost::asio::buffer(bytes), boost::asio::use_awaitable);
}

/// What the server says until its text ends with `end` ("": what comes first), or it closes.
inline Task<std::string> hear(Channel* channel, std::string end = "never said") {
    std::string heard;
    std::string some(4096, ' ');
    boost::system::error_code closed;
    do {
        const auto came = co_await channel->async_read_some(
            boost::asio::buffer(some), boost::asio::redirect_error(boost::asio::use_awaitable, closed)
        );
        heard.append(some, 0, came);
    } while (!closed && !heard.ends_with(end));
    co_return heard;
}

/// Bodies of any length whose every byte is known, so that none can be missing, doubled or misplaced unseen.
class Pattern {
public:
    /// The next bytes, at most so many.
    static std::string piece(std::uint64_t at, std::size_t bytes) {
        const auto begin = static_cast<std::size_t>(at % period);
        return text().substr(begin, bytes);
    }
    /// Whether this is what comes next; goes on behind it.
    bool follows(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto expected = piece(at_, std::min<std::size_t>(bytes.size(), period));
            if (!bytes.starts_with(expected)) return false;
            bytes.remove_prefix(expected.size());
            at_ += expected.size();
        }
        return true;
    }
    std::uint64_t at() const { return at_; }

private:
    static constexpr std::size_t period = 1'048'573;  // a prime: no piece of a round size hides a shift
    static const std::string& text() {
        static const std::string made = [] {
            std::string bytes;
            for (std::uint32_t i = 0; bytes.size() < period; ++i) bytes += static_cast<char>((i * 2654435761U) >> 24U);
            return bytes;
        }();
        return made;
    }
    std::uint64_t at_ = 0;
};

/// An upload of the pattern.
inline Task<Result<std::string>> give_pattern(std::shared_ptr<std::uint64_t> given, std::uint64_t length) {
    auto piece = Pattern::piece(*given, static_cast<std::size_t>(std::min<std::uint64_t>(length - *given, 1 << 20)));
    *given += piece.size();
    co_return piece;
}
inline Upload pattern_of(std::uint64_t length, std::shared_ptr<std::uint64_t> given) {
    return {.length = length, .source = [given, length] { return give_pattern(given, length); }};
}

/// An answer that is the pattern. `open`: how the writer felt about the last piece.
inline Task<void> write_pattern(std::uint64_t length, std::shared_ptr<bool> open, HttpResponse::Writer write) {
    *open = true;
    for (std::uint64_t at = 0; at < length && *open;) {
        auto piece = Pattern::piece(at, static_cast<std::size_t>(std::min<std::uint64_t>(length - at, 1 << 20)));
        at += piece.size();
        *open = co_await write(std::move(piece));
    }
}
inline HttpResponse pattern_answer(std::uint64_t length, std::shared_ptr<bool> open = std::make_shared<bool>()) {
    HttpResponse response{.status = 200};
    response.content_length = length;
    response.stream = [length, open](HttpResponse::Writer write) {
        return write_pattern(length, open, std::move(write));
    };
    return response;
}

/// Waits until it holds; false when it does not within a while.
template <class Condition>
Task<bool> soon(Condition condition) {
    const auto limit = Deadline::after(std::chrono::seconds(5));
    while (!condition() && !limit.passed()) co_await wait_for(std::chrono::milliseconds(1));
    co_return condition();
}

}  // namespace cloudshelf::io
