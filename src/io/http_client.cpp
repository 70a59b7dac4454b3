#include "io/background.hpp"
#include "io/channel.hpp"
#include "io/http.hpp"
#include "io/turns.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <map>
#include <sys/socket.h>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

/// Space for most answers whole: a buffer that grows with what comes costs a read for each time that it grows.
constexpr std::size_t answer_bytes_usual = 2048;

bool is_idempotent(const std::string& method) {
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

/// How far a request came before it failed: decides what may be said of it, and whether it may be sent again.
enum class Reached { nothing_sent, sent, answer_begun };

struct Attempt {
    Result<HttpResponse> answer;
    Reached reached = Reached::nothing_sent;
    bool closed = false;
};

Error problem(const char* code, const Endpoint& to, const std::string& what, Reached reached) {
    return {
        .code = code,
        .message = fmt::format("{}: {}", to.text(), what),
        .certainty = reached == Reached::nothing_sent ? Certainty::not_done : Certainty::unknown,
        .retryable = true,
    };
}

}  // namespace

struct HttpClient::Impl {
    Executor executor;
    Options options;
    std::map<Endpoint, std::vector<std::unique_ptr<Channel>>> idle;
    std::shared_ptr<Turns> handshakes = std::make_shared<Turns>(client_handshakes_max);

    static Task<void> close(std::unique_ptr<Channel> stream) { co_await stream->close(); }

    std::unique_ptr<Channel> take(const Endpoint& to) {
        const auto found = idle.find(to);
        if (found == idle.end() || found->second.empty()) return nullptr;
        const std::uint64_t generation = options.tls ? options.tls->generation() : 0;
        while (!found->second.empty()) {
            auto stream = std::move(found->second.back());
            found->second.pop_back();
            if (stream->generation != generation) {
                run_in_background(executor, close(std::move(stream)));
                continue;
            }
            // Readable while nothing was asked: the other side has closed it.
            char byte = 0;
            const auto ready = ::recv(stream->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
            if (ready < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return stream;
        }
        return nullptr;
    }

    void keep(const Endpoint& to, std::unique_ptr<Channel> stream) {
        auto& kept = idle[to];
        if (kept.size() < options.idle_connections_per_endpoint_max) kept.push_back(std::move(stream));
    }

    static Task<Result<std::unique_ptr<Channel>>> connect(std::shared_ptr<Impl> self, Endpoint to, Deadline deadline) {
        error_code bad;
        const auto address = asio::ip::make_address(to.address, bad);
        if (bad) co_return fail("io.bad-endpoint", fmt::format("\"{}\" is no address", to.address));
        auto stream = std::make_unique<Channel>(self->executor);
        stream->expires_after(deadline.remaining());
        co_await stream->plain().async_connect(
            tcp::endpoint(address, to.port), asio::redirect_error(asio::use_awaitable, bad)
        );
        if (bad == beast::error::timeout) {
            co_return fail(problem("io.timeout", to, "no connection in time", Reached::nothing_sent));
        }
        if (bad) co_return fail(problem("io.connect", to, bad.message(), Reached::nothing_sent));
        stream->socket().set_option(tcp::no_delay(true), bad);
        if (!self->options.tls) co_return std::move(stream);
        // Not before the connection stands: a machine that is gone takes nobody's turn.
        const auto turn = co_await Turns::take(self->handshakes, self->executor, deadline);
        if (!turn)
            co_return fail(problem("io.timeout", to, "no turn for a TLS handshake in time", Reached::nothing_sent));
        stream->expires_after(deadline.remaining());
        const auto name = self->options.names.find(to);
        stream->generation = self->options.tls->generation();
        auto session = self->options.tls->connecting(name == self->options.names.end() ? to.address : name->second);
        bad = co_await stream->shake_hands(std::move(session), Channel::Side::connecting);
        if (bad == beast::error::timeout) {
            co_return fail(problem("io.timeout", to, "no TLS handshake in time", Reached::nothing_sent));
        }
        if (bad) co_return fail(problem("io.tls", to, stream->why(bad), Reached::nothing_sent));
        co_return std::move(stream);
    }

    static Task<Attempt> exchange(
        std::shared_ptr<Impl> self, std::unique_ptr<Channel> stream, Endpoint to, HttpRequest request, Deadline deadline
    ) {
        http::request<http::string_body> message;
        message.version(11);
        message.method_string(request.method);
        message.target(request.target);
        for (const auto& [name, value] : request.headers) message.insert(name, value);
        if (message.count(http::field::host) == 0) message.set(http::field::host, to.text());
        message.body() = std::move(request.body);
        if (!message.body().empty() || request.method == "POST" || request.method == "PUT") message.prepare_payload();
        if (!self->options.reuse_connections) message.keep_alive(false);

        Attempt attempt{.answer = fail("io.closed", "")};
        error_code bad;
        stream->expires_after(deadline.remaining());
        attempt.reached = Reached::sent;
        co_await http::async_write(*stream, message, asio::redirect_error(asio::use_awaitable, bad));
        beast::flat_buffer buffer;
        buffer.reserve(answer_bytes_usual);
        http::response_parser<http::string_body> parser;
        parser.body_limit(self->options.body_bytes_max);
        if (request.method == "HEAD") parser.skip(true);
        if (!bad)
            co_await http::async_read_header(*stream, buffer, parser, asio::redirect_error(asio::use_awaitable, bad));
        if (!bad) {
            attempt.reached = Reached::answer_begun;
            co_await http::async_read(*stream, buffer, parser, asio::redirect_error(asio::use_awaitable, bad));
        }
        if (is_refusal_of_certificate(bad)) {
            attempt.answer = fail(problem("io.tls", to, bad.message(), Reached::nothing_sent));
            co_return attempt;
        }
        if (bad) {
            if (buffer.size() > 0) attempt.reached = Reached::answer_begun;
            const bool late = bad == beast::error::timeout;
            const bool nonsense = bad.category() == http::make_error_code(http::error::bad_version).category() &&
                                  bad != http::error::end_of_stream && bad != http::error::partial_message;
            attempt.closed = !late && !nonsense;
            const char* code = late ? "io.timeout" : nonsense ? "io.bad-answer" : "io.closed";
            attempt.answer = fail(problem(code, to, late ? "no answer in time" : bad.message(), attempt.reached));
            co_return attempt;
        }
        const bool again = parser.get().keep_alive() && self->options.reuse_connections && buffer.size() == 0;
        auto received = parser.release();
        HttpResponse response{.status = static_cast<int>(received.result_int())};
        for (const auto& field : received) response.headers.emplace_back(field.name_string(), field.value());
        response.body = std::move(received.body());
        if (again) {
            stream->expires_never();
            self->keep(to, std::move(stream));
        } else {
            co_await stream->close();
        }
        attempt.answer = std::move(response);
        co_return attempt;
    }
};

HttpClient::HttpClient(Executor executor, Options options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}
HttpClient::~HttpClient() {
    if (!impl_->options.tls) return;
    for (auto& [endpoint, kept] : impl_->idle) {
        for (auto& stream : kept) run_in_background(impl_->executor, Impl::close(std::move(stream)));
    }
    impl_->idle.clear();
}

Task<Result<HttpResponse>> HttpClient::send(Endpoint endpoint, HttpRequest request, Deadline deadline) {
    const auto impl = impl_;
    // A kept connection may have been closed by the other side meanwhile; that shows only when it is used.
    while (auto kept = impl->take(endpoint)) {
        auto attempt = co_await Impl::exchange(impl, std::move(kept), endpoint, request, deadline);
        if (attempt.answer) co_return std::move(attempt.answer);
        const bool untouched = attempt.closed && attempt.reached == Reached::sent;
        if (!untouched || !is_idempotent(request.method)) co_return std::move(attempt.answer);
    }
    auto stream = co_await Impl::connect(impl, endpoint, deadline);
    if (!stream) co_return fail(stream.error());
    auto attempt = co_await Impl::exchange(impl, std::move(*stream), endpoint, std::move(request), deadline);
    co_return std::move(attempt.answer);
}

}  // namespace cloudshelf::io
