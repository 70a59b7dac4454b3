#include "io/channel.hpp"
#include "io/http.hpp"
#include "io/http_answer.hpp"
#include "io/http_incoming.hpp"
#include "io/listen.hpp"
#include "io/log.hpp"
#include "io/process.hpp"
#include "io/turns.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <netinet/tcp.h>
#include <set>
#include <utility>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

int status_of(error_code problem) {
    if (problem == http::error::header_limit) {
        return 431;
    }
    if (problem == http::error::body_limit) return 413;
    if (problem.category() == http::make_error_code(http::error::bad_method).category() &&
        problem != http::error::end_of_stream && problem != http::error::partial_message) {
        return 400;
    }
    return 0;
}

/// Whether everybody between the client and here finds the same end of the body: of codings there is "chunked" alone,
/// and not from clients that cannot know it; with another one the parser would see no body at all (RFC 9112 §6.1,
/// §6.3).
bool is_framed_well(const http::request_header<>& header) {
    const auto codings = header.count(http::field::transfer_encoding);
    if (codings == 0) return true;
    const bool chunked = codings == 1 && beast::iequals(header[http::field::transfer_encoding], "chunked");
    return chunked && header.version() >= 11 && header.count(http::field::content_length) == 0;
}

/// Whether the other side has closed the connection, though what it had sent before is still unread.
bool has_left(Channel& stream) {
    tcp_info info{};
    socklen_t size = sizeof info;
    const int known = ::getsockopt(stream.socket().native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size);
    return known != 0 || info.tcpi_state == TCP_CLOSE_WAIT || info.tcpi_state == TCP_CLOSE;
}

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
    Executor executor;
    Options options;
    Handler handler;
    tcp::acceptor acceptor;
    std::uint16_t port = 0;  // still told when the acceptor is closed
    std::set<std::shared_ptr<Connection>> connections;
    std::set<Connection*> busy;  // between a request's header and the end of its answer
    bool stopping = false;
    std::shared_ptr<Turns> handshakes = std::make_shared<Turns>(server_handshakes_max);
    std::uint64_t refused = 0;  // handshakes since the last line about them
    TimePoint say_refused_after{};

    Impl(Executor owned, Options chosen, Handler given)
        : executor(std::move(owned)), options(std::move(chosen)), handler(std::move(given)), acceptor(executor) {}

    static Task<void> accept_all(std::shared_ptr<Impl> self) {
        while (self->acceptor.is_open()) {
            error_code problem;
            auto socket = co_await self->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, problem));
            if (problem == asio::error::operation_aborted) co_return;
            if (problem) {  // out of descriptors, most likely: some will be free in a moment
                co_await wait_for(std::chrono::milliseconds(10));
                continue;
            }
            if (self->connections.size() >= self->options.connections_max) continue;  // closes it
            if (self->options.admits && !self->is_admitted(socket)) continue;
            error_code ignored;
            socket.set_option(tcp::no_delay(true), ignored);
            const auto room = self->options.header_bytes_max + self->options.body_bytes_max + 4096;
            auto connection = std::make_shared<Connection>(std::move(socket), room);
            self->connections.insert(connection);
            asio::co_spawn(self->executor, serve(self, std::move(connection)), asio::detached);
        }
    }

    bool is_admitted(const tcp::socket& socket) const {
        error_code gone;
        const auto ours = socket.local_endpoint(gone);
        const auto peer = socket.remote_endpoint(gone);
        if (gone) return false;
        return options.admits({ours.address().to_string(), ours.port()}, {peer.address().to_string(), peer.port()});
    }

    static Task<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection) {
        bool welcome = true;
        if (self->options.tls) welcome = co_await shake_hands(self, connection);
        try {
            if (welcome) co_await serve_requests(self, connection);
        } catch (const boost::system::system_error&) {
            // The peer is gone in the middle of something: nothing is owed to it.
        } catch (const std::exception& bug) {
            log(Level::error, "http.answer-broken-off", {{"why", bug.what()}});
        }
        co_await connection->channel.close();
        self->busy.erase(connection.get());
        self->connections.erase(connection);
    }

    static Task<bool> shake_hands(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection) {
        Channel* stream = &connection->channel;
        const auto deadline = Deadline::after(self->options.handshake_timeout);
        const auto turn = co_await Turns::take(self->handshakes, self->executor, deadline);
        if (!turn || has_left(*stream)) co_return false;
        stream->generation = self->options.tls->generation();
        stream->expires_after(self->options.handshake_timeout);
        auto session = self->options.tls->accepting();
        const auto problem = co_await stream->shake_hands(std::move(session), Channel::Side::accepting);
        if (!problem) co_return true;
        if (!self->stopping) {
            self->say_refused(*stream, problem);
            co_await stream->linger(std::chrono::milliseconds(200));
        }
        co_return false;
    }

    /// Once a second at the most: whoever knocks without a certificate must not fill the log.
    void say_refused(Channel& stream, error_code problem) {
        ++refused;
        if (now() < say_refused_after) return;
        error_code gone;
        const auto peer = stream.socket().remote_endpoint(gone);
        log(Level::warning,
            "http.handshake-refused",
            {{"peer", gone ? "" : peer.address().to_string()},
             {"why", stream.why(problem)},
             {"count", std::to_string(std::exchange(refused, 0))}});
        say_refused_after = now() + std::chrono::seconds(1);
    }

    using Parser = http::request_parser<http::string_body>;

    /// A request while it is read, and what its answer depends on.
    struct Incoming {
        HttpRequest request;
        unsigned version = 11;
        bool is_head = false;
        bool keep_alive = false;
        bool acceptable = false;  // a path as target, and one Host
        bool expects_continue = false;
        bool streamed = false;
    };

    static Task<void> serve_requests(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection) {
        connection->buffer.reserve(4096);  // a usual request in one read
        for (bool first = true; !self->stopping; first = false) {
            connection->channel.expires_after(first ? self->options.header_timeout : self->options.idle_timeout);
            const bool again = co_await serve_request(self, connection);
            self->busy.erase(connection.get());
            if (!again) co_return;
        }
    }

    /// Reads one request and answers it; true when the connection can take another.
    static Task<bool> serve_request(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection) {
        Parser parser;
        // Where some bodies are streamed, what is behind the header waits until it is known whether this one is.
        parser.eager(!self->options.streams);
        parser.header_limit(static_cast<std::uint32_t>(self->options.header_bytes_max));
        parser.body_limit(self->body_bytes_max());
        Incoming incoming;
        const auto problem = co_await read_request(self.get(), connection.get(), &parser, &incoming);
        if (problem) {
            co_await refuse(self, connection, problem);
            co_return false;
        }
        connection->channel.expires_never();  // the handler has deadlines of its own
        if (incoming.streamed) {
            const auto body = std::make_shared<IncomingBody>(
                IncomingBody::Options{
                    .connection = connection,
                    .patience = Patience(self->patience_with_body()),
                    .expects_continue = incoming.expects_continue,
                },
                std::move(parser)
            );
            const bool again = co_await answer_streamed(self, connection, std::move(incoming), body);
            co_return again;
        }
        incoming.request.body = std::move(parser.get().body());
        auto response = co_await ask_handler(self.get(), &incoming);
        const bool again = co_await write(self, connection, std::move(response), &incoming);
        co_return again;
    }

    /// Of any request, before it is known whether its body is streamed.
    std::uint64_t body_bytes_max() const {
        const std::uint64_t whole = options.body_bytes_max;
        return options.streams ? std::max(whole, options.streamed_body_bytes_max) : whole;
    }
    Patience::Options patience_with_body() const {
        return {.idle = options.body_idle_timeout, .bytes_per_second_min = options.bytes_per_second_min};
    }

    static Task<void> refuse(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection, error_code problem) {
        const int status = status_of(problem);
        if (status == 0) co_return;
        auto refusal = HttpResponse::error(status, "bad-request", problem.message());
        const AnswerTerms terms{
            .server_name = self->options.server_name,
            .keep_alive = false,
            .whole = {.idle = std::chrono::seconds(5)},
            .streamed = {.idle = Duration::zero()},
        };
        const std::shared_ptr<Channel> channel(connection, &connection->channel);
        co_await write_answer(channel, std::move(refusal), terms);
        // A body that is too long is on its way: closed at once, the connection would take the answer with it.
        if (status == 413) co_await connection->channel.linger(std::chrono::seconds(2));
    }

    /// Feeds what has come to the parser. Nothing more to do: it is done, has the header where only that was asked for,
    /// or needs more bytes.
    static error_code parse(beast::flat_buffer& buffer, Parser& parser) {
        error_code problem;
        while (buffer.size() > 0 && !parser.is_done() && (parser.eager() || !parser.is_header_done())) {
            const auto used = parser.put(buffer.data(), problem);
            buffer.consume(used);
            if (problem == http::error::need_more) return {};
            if (problem) return problem;
        }
        return {};
    }

    /// Reads one request, or its header when the rest is to be streamed, in as few turns of the loop as its bytes need:
    /// usually one.
    static Task<error_code> read_request(Impl* self, Connection* connection, Parser* parser, Incoming* incoming) {
        bool in_body = false;
        auto& buffer = connection->buffer;
        error_code problem = parse(buffer, *parser);
        while (!problem) {
            if (parser->is_header_done() && !std::exchange(in_body, true)) {
                self->busy.insert(connection);
                if (!is_framed_well(parser->get())) co_return http::error::bad_transfer_encoding;
                self->take_header(connection, parser, incoming);
                if (incoming->streamed) co_return problem;
                problem = self->go_on_whole(buffer, *parser);
                if (problem) co_return problem;
                connection->channel.expires_after(self->options.header_timeout);
                // Though nothing may be left to wait for: clients of AWS take the header of an answer that comes in
                // the place of a 100 for that of the next one too.
                if (incoming->expects_continue && buffer.size() == 0) {
                    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
                    co_await asio::async_write(connection->channel, asio::buffer(go_on), asio::use_awaitable);
                }
            }
            if (parser->is_done()) co_return problem;
            const auto room = beast::read_size(buffer, 65536);
            if (room == 0) co_return http::error::buffer_overflow;
            const auto space = buffer.prepare(room);
            const auto came =
                co_await connection->channel.async_read_some(space, asio::redirect_error(asio::use_awaitable, problem));
            if (problem) break;
            buffer.commit(came);
            problem = parse(buffer, *parser);
        }
        co_return problem;
    }

    /// The header is there and not to be streamed: with its limits, the rest of what has come.
    error_code go_on_whole(beast::flat_buffer& buffer, Parser& parser) const {
        if (parser.eager()) return {};
        if (parser.content_length().value_or(0) > options.body_bytes_max) return http::error::body_limit;
        parser.body_limit(options.body_bytes_max);
        parser.eager(true);
        return parse(buffer, parser);
    }

    void take_header(Connection* connection, Parser* parser, Incoming* incoming) const {
        auto& message = parser->get();
        const bool current = !options.tls || connection->channel.generation == options.tls->generation();
        incoming->version = message.version();
        incoming->is_head = message.method() == http::verb::head;
        incoming->keep_alive = message.keep_alive() && !stopping && current;
        // Of an older client it must be ignored (RFC 9110 §10.1.1).
        incoming->expects_continue =
            message.version() >= 11 && beast::iequals(message[http::field::expect], "100-continue");
        HttpRequest& request = incoming->request;
        request.method = std::string(message.method_string());
        request.target = std::string(message.target());
        request.headers.reserve(16);
        for (const auto& field : message) request.headers.emplace_back(field.name_string(), field.value());
        const bool origin_form = !request.target.empty() && request.target[0] == '/';
        const bool one_host = message.count(http::field::host) == 1 || incoming->version < 11;
        incoming->acceptable = origin_form && one_host;
        incoming->streamed = options.streams && incoming->acceptable && options.streams(request);
    }

    static Task<HttpResponse> ask_handler(Impl* self, Incoming* incoming) {
        if (!incoming->acceptable) {
            co_return HttpResponse::error(400, "bad-request", "expected a path as target and exactly one Host header");
        }
        std::string bug;
        try {
            auto response = co_await self->handler(std::move(incoming->request));
            co_return response;
        } catch (const std::exception& problem) {
            bug = problem.what();
        }
        co_return HttpResponse::error(500, "internal", bug);
    }

    static Task<bool> answer_streamed(
        std::shared_ptr<Impl> self,
        std::shared_ptr<Connection> connection,
        Incoming incoming,
        std::shared_ptr<IncomingBody> body
    ) {
        incoming.request.incoming = body;
        auto response = co_await ask_handler(self.get(), &incoming);
        bool finished = body->take_back();
        incoming.keep_alive = incoming.keep_alive && finished;
        // A client that reads nothing before it has sent everything is told at once what fits into the kernel's
        // buffers; a long answer would wait for it, and it for us.
        const bool is_long = static_cast<bool>(response.stream);
        if (finished && is_long) finished = co_await IncomingBody::finish(body);
        incoming.keep_alive = incoming.keep_alive && finished;
        const bool again = co_await write(self, connection, std::move(response), &incoming);
        if (finished && !is_long) finished = co_await IncomingBody::finish(body);
        // The answer would be lost on its way if the rest of the body met a closed connection.
        if (!finished && body->left_over()) co_await connection->channel.linger(std::chrono::seconds(2));
        const bool kept = again && finished;
        co_return kept;
    }

    static Task<bool> write(
        std::shared_ptr<Impl> self,
        std::shared_ptr<Connection> connection,
        HttpResponse response,
        const Incoming* incoming
    ) {
        const auto& options = self->options;
        const AnswerTerms terms{
            .server_name = options.server_name,
            .version = incoming->version,
            .keep_alive = incoming->keep_alive && !self->stopping,
            .head_only = incoming->is_head,
            .stopping = &self->stopping,
            .whole = {.idle = options.idle_timeout},
            .streamed = {.idle = options.answer_idle_timeout, .bytes_per_second_min = options.bytes_per_second_min},
        };
        const std::shared_ptr<Channel> channel(connection, &connection->channel);
        const bool again = co_await write_answer(channel, std::move(response), terms);
        co_return again;
    }
};

HttpServer::HttpServer(Executor executor, Options options, Handler handler)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() {
    error_code ignored;
    impl_->stopping = true;
    impl_->acceptor.close(ignored);
    for (const auto& connection : impl_->connections) connection->channel.socket().close(ignored);
}

Result<void> HttpServer::start() {
    if (const auto listening = listen_at(impl_->acceptor, impl_->options.listen); !listening) return listening;
    impl_->port = impl_->acceptor.local_endpoint().port();
    asio::co_spawn(impl_->executor, Impl::accept_all(impl_), asio::detached);
    return {};
}

std::uint16_t HttpServer::port() const {
    return impl_->port;
}

Task<void> HttpServer::stop(Deadline deadline) {
    const auto impl = impl_;
    error_code ignored;
    impl->stopping = true;
    impl->acceptor.close(ignored);
    // Idle connections wait for a request that may never come; busy ones owe an answer.
    for (const auto& connection : impl->connections) {
        if (!impl->busy.contains(connection.get())) connection->channel.socket().cancel(ignored);
    }
    while (!impl->connections.empty() && !deadline.passed()) co_await wait_for(std::chrono::milliseconds(2));
    for (const auto& connection : impl->connections) connection->channel.socket().close(ignored);
}

}  // namespace cloudshelf::io
