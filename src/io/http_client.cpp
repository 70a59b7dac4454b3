#include "io/background.hpp"
#include "io/channel.hpp"
#include "io/http.hpp"
#include "io/http_exchange.hpp"
#include "io/turns.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
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

/// How long a handshake and an answer that come too late are still waited for, and how many to one endpoint at a time.
constexpr Duration patience = std::chrono::seconds(10);
constexpr std::size_t lingering_max = 2;

bool is_idempotent(const std::string& method) {
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

/// A request under way. Too late for whoever asked, it may go on for a while without them: the handshake that was begun
/// and the connection whose answer is late are of use to the next request. Thousands that are dropped at once would be
/// begun anew at once, and end too late again, for ever.
struct Errand {
    enum class At { connecting, shaking_hands, sending, waiting };

    explicit Errand(Executor executor, Deadline deadline) : done(std::move(executor), deadline.remaining()) {}
    Reached reached() const { return at < At::sending ? Reached::nothing_sent : Reached::sent; }
    const char* missing() const {
        static constexpr const char* what[] = {"connection", "TLS handshake", "answer", "answer"};
        return what[static_cast<std::size_t>(at)];
    }
    bool may_linger() const { return at == At::shaking_hands || at == At::waiting; }
    void end() {
        error_code ignored;
        if (channel != nullptr) channel->socket().close(ignored);
    }

    asio::steady_timer done;         // cancelled when `attempt` is there
    std::optional<Attempt> attempt;  // how it ended
    At at = At::connecting;
    Channel* channel = nullptr;
    bool given_up = false;  // nobody waits for it any more
    Duration patience{};    // how long its handshake may go on then
};

}  // namespace

struct HttpClient::Impl {
    Executor executor;
    Options options;
    std::map<Endpoint, std::vector<std::unique_ptr<Channel>>> idle;
    std::shared_ptr<Turns> handshakes = std::make_shared<Turns>(client_handshakes_max);
    std::multimap<Endpoint, std::shared_ptr<Errand>> lingering;

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
        stream->expires_never();
        auto& kept = idle[to];
        if (kept.size() < options.idle_connections_per_endpoint_max) kept.push_back(std::move(stream));
    }

    static Task<Result<std::unique_ptr<Channel>>> connect(
        std::shared_ptr<Impl> self, std::shared_ptr<Errand> errand, Endpoint to, Deadline deadline
    ) {
        error_code bad;
        const auto address = asio::ip::make_address(to.address, bad);
        if (bad) co_return fail("io.bad-endpoint", fmt::format("\"{}\" is no address", to.address));
        auto stream = std::make_unique<Channel>(self->executor);
        errand->channel = stream.get();
        stream->expires_after(deadline.remaining());
        co_await stream->plain().async_connect(
            tcp::endpoint(address, to.port), asio::redirect_error(asio::use_awaitable, bad)
        );
        if (bad == beast::error::timeout) {
            co_return fail(exchange_error("io.timeout", to, "no connection in time", Reached::nothing_sent));
        }
        if (bad) co_return fail(exchange_error("io.connect", to, bad.message(), Reached::nothing_sent));
        stream->socket().set_option(tcp::no_delay(true), bad);
        if (!self->options.tls) co_return std::move(stream);
        // Not before the connection stands: a machine that is gone takes nobody's turn.
        const auto turn = co_await Turns::take(self->handshakes, self->executor, deadline);
        if (!turn)
            co_return fail(
                exchange_error("io.timeout", to, "no turn for a TLS handshake in time", Reached::nothing_sent)
            );
        errand->at = Errand::At::shaking_hands;
        stream->expires_after(deadline.remaining() + errand->patience);
        const auto name = self->options.names.find(to);
        stream->generation = self->options.tls->generation();
        auto session = self->options.tls->connecting(name == self->options.names.end() ? to.address : name->second);
        bad = co_await stream->shake_hands(std::move(session), Channel::Side::connecting);
        if (bad == beast::error::timeout) {
            co_return fail(exchange_error("io.timeout", to, "no TLS handshake in time", Reached::nothing_sent));
        }
        if (bad) co_return fail(exchange_error("io.tls", to, stream->why(bad), Reached::nothing_sent));
        co_return std::move(stream);
    }

    static Task<Attempt> exchange(
        std::shared_ptr<Impl> self,
        std::shared_ptr<Errand> errand,
        std::unique_ptr<Channel> stream,
        Endpoint to,
        HttpRequest request,
        Deadline deadline
    ) {
        const bool is_head = request.method == "HEAD";
        auto message = message_of(std::move(request), to, self->options.reuse_connections);
        Attempt attempt{.answer = fail("io.closed", "")};
        error_code bad;
        stream->expires_after(deadline.remaining());
        attempt.reached = Reached::sent;
        errand->at = Errand::At::sending;
        co_await http::async_write(*stream, message, asio::redirect_error(asio::use_awaitable, bad));
        beast::flat_buffer buffer;
        buffer.reserve(answer_bytes_usual);
        http::response_parser<http::string_body> parser;
        parser.body_limit(self->options.body_bytes_max);
        if (is_head) parser.skip(true);
        errand->at = Errand::At::waiting;
        stream->expires_after(deadline.remaining() + self->patience());
        if (!bad)
            co_await http::async_read_header(*stream, buffer, parser, asio::redirect_error(asio::use_awaitable, bad));
        if (!bad) {
            attempt.reached = Reached::answer_begun;
            co_await http::async_read(*stream, buffer, parser, asio::redirect_error(asio::use_awaitable, bad));
        }
        if (bad) {
            if (buffer.size() > 0) attempt.reached = Reached::answer_begun;
            end_attempt(&attempt, bad, to, "answer");
            co_return attempt;
        }
        const bool again = parser.get().keep_alive() && self->options.reuse_connections && buffer.size() == 0;
        auto received = parser.release();
        HttpResponse response{.status = static_cast<int>(received.result_int())};
        for (const auto& field : received) response.headers.emplace_back(field.name_string(), field.value());
        response.body = std::move(received.body());
        if (again) {
            self->keep(to, std::move(stream));
        } else {
            co_await stream->close();
        }
        attempt.answer = std::move(response);
        co_return attempt;
    }

    Duration patience() const { return options.reuse_connections ? io::patience : Duration::zero(); }

    /// On `kept`, or on a connection of its own where that is null.
    static Task<void> run(
        std::shared_ptr<Impl> self,
        std::shared_ptr<Errand> errand,
        std::unique_ptr<Channel> kept,
        Endpoint to,
        HttpRequest request,
        Deadline deadline
    ) {
        Attempt attempt{.answer = fail("io.timeout", "")};
        Result<std::unique_ptr<Channel>> stream = std::move(kept);
        if (!*stream) stream = co_await connect(self, errand, to, deadline);
        if (!stream) {
            attempt.answer = fail(stream.error());
        } else if (errand->given_up) {
            self->keep(to, std::move(*stream));
        } else {
            errand->channel = stream->get();
            attempt = co_await exchange(self, errand, std::move(*stream), to, std::move(request), deadline);
        }
        errand->channel = nullptr;
        errand->attempt = std::move(attempt);
        errand->done.cancel();
        std::erase_if(self->lingering, [&](const auto& one) { return one.second == errand; });
    }

    static Task<Attempt> attempt(
        std::shared_ptr<Impl> self, std::unique_ptr<Channel> kept, Endpoint to, HttpRequest request, Deadline deadline
    ) {
        const auto errand = std::make_shared<Errand>(self->executor, deadline);
        errand->patience = self->patience();
        run_in_background(self->executor, run(self, errand, std::move(kept), to, std::move(request), deadline));
        error_code woken;
        if (!errand->attempt) co_await errand->done.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        if (errand->attempt) co_return std::move(*errand->attempt);
        errand->given_up = true;
        if (errand->may_linger() && self->options.reuse_connections && self->lingering.count(to) < lingering_max) {
            self->lingering.emplace(to, errand);
        } else {
            errand->end();
        }
        const std::string what = fmt::format("no {} in time", errand->missing());
        co_return Attempt{
            .answer = fail(exchange_error("io.timeout", to, what, errand->reached())), .reached = errand->reached()
        };
    }

    /// As `attempt`, for bodies in pieces. It ends with whoever asked: what is under way then is of use to nobody else.
    static Task<Attempt> attempt_pieces(
        std::shared_ptr<Impl> self,
        std::unique_ptr<Channel> kept,
        HttpRequest request,
        std::shared_ptr<const Pieces> pieces,
        ExchangeTerms terms
    ) {
        Result<std::unique_ptr<Channel>> stream = std::move(kept);
        const Endpoint to = terms.to;
        if (!*stream) {
            const auto deadline = terms.patience.deadline;
            stream = co_await connect(self, std::make_shared<Errand>(self->executor, deadline), to, deadline);
        }
        if (!stream) co_return Attempt{.answer = fail(stream.error())};
        auto attempt = co_await exchange_pieces(stream->get(), std::move(request), std::move(pieces), std::move(terms));
        if (attempt.reusable) {
            self->keep(to, std::move(*stream));
        } else {
            co_await (*stream)->close();
        }
        co_return attempt;
    }

    static Task<Result<HttpResponse>> move_pieces(
        std::shared_ptr<Impl> self, Endpoint to, HttpRequest request, Pieces what, Deadline deadline
    ) {
        const auto pieces = std::make_shared<const Pieces>(std::move(what));
        const ExchangeTerms terms{
            .to = to,
            .keep_alive = self->options.reuse_connections,
            .body_bytes_max = self->options.body_bytes_max,
            .patience =
                {
                    .idle = self->options.body_idle_timeout,
                    .bytes_per_second_min = self->options.bytes_per_second_min,
                    .deadline = deadline,
                },
        };
        while (auto kept = self->take(to)) {
            auto attempt = co_await attempt_pieces(self, std::move(kept), request, pieces, terms);
            if (attempt.answer) co_return std::move(attempt.answer);
            const bool untouched = attempt.closed && attempt.reached == Reached::sent && !attempt.used_source;
            if (!untouched || !is_idempotent(request.method)) co_return std::move(attempt.answer);
        }
        auto attempt = co_await attempt_pieces(self, nullptr, std::move(request), pieces, terms);
        co_return std::move(attempt.answer);
    }
};

HttpClient::HttpClient(Executor executor, Options options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}
HttpClient::~HttpClient() {
    for (auto& [endpoint, errand] : impl_->lingering) errand->end();
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
        auto attempt = co_await Impl::attempt(impl, std::move(kept), endpoint, request, deadline);
        if (attempt.answer) co_return std::move(attempt.answer);
        const bool untouched = attempt.closed && attempt.reached == Reached::sent;
        if (!untouched || !is_idempotent(request.method)) co_return std::move(attempt.answer);
    }
    auto attempt = co_await Impl::attempt(impl, nullptr, endpoint, std::move(request), deadline);
    co_return std::move(attempt.answer);
}

Task<Result<HttpResponse>> HttpClient::upload(
    Endpoint endpoint, HttpRequest request, Upload upload, Deadline deadline
) {
    Pieces pieces{.upload = std::move(upload), .sink = nullptr};
    return Impl::move_pieces(impl_, std::move(endpoint), std::move(request), std::move(pieces), deadline);
}

Task<Result<HttpResponse>> HttpClient::download(
    Endpoint endpoint, HttpRequest request, BodySink sink, Deadline deadline
) {
    Pieces pieces{.upload = std::nullopt, .sink = std::move(sink)};
    return Impl::move_pieces(impl_, std::move(endpoint), std::move(request), std::move(pieces), deadline);
}

}  // namespace cloudshelf::io
