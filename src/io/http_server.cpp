#include "io/channel.hpp"
#include "io/http.hpp"
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

#include <iterator>
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

/// The answer as it goes out, with its body unless `head_only`.
std::string wire(
    const HttpResponse& response, unsigned version, bool keep_alive, const std::string& name, bool head_only = false
) {
    std::string out;
    out.reserve(256 + (head_only ? 0 : response.body.size()));
    const auto phrase = http::obsolete_reason(static_cast<http::status>(response.status));
    fmt::format_to(
        std::back_inserter(out),
        "HTTP/1.{} {} {}\r\nServer: {}\r\n",
        version % 10,
        response.status,
        std::string_view(phrase),
        name
    );
    for (const auto& [key, value] : response.headers) out.append(key).append(": ").append(value).append("\r\n");
    if (!keep_alive) {
        out += "Connection: close\r\n";
    } else if (version < 11) {
        out += "Connection: keep-alive\r\n";
    }
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n\r\n", response.body.size());
    if (!head_only) out += response.body;
    return out;
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
    std::set<std::shared_ptr<Channel>> connections;
    std::set<Channel*> busy;  // between a request's header and the end of its answer
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
            error_code ignored;
            socket.set_option(tcp::no_delay(true), ignored);
            auto stream = std::make_shared<Channel>(std::move(socket));
            self->connections.insert(stream);
            asio::co_spawn(self->executor, serve(self, stream), asio::detached);
        }
    }

    static Task<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<Channel> stream) {
        bool welcome = true;
        if (self->options.tls) welcome = co_await shake_hands(self, stream);
        try {
            if (welcome) co_await serve_requests(self, stream);
        } catch (const boost::system::system_error&) {
            // The peer is gone in the middle of something: nothing is owed to it.
        }
        co_await stream->close();
        self->busy.erase(stream.get());
        self->connections.erase(stream);
    }

    static Task<bool> shake_hands(std::shared_ptr<Impl> self, std::shared_ptr<Channel> stream) {
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
            co_await stream->linger();
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

    static Task<void> serve_requests(std::shared_ptr<Impl> self, std::shared_ptr<Channel> stream) {
        beast::flat_buffer buffer(self->options.header_bytes_max + self->options.body_bytes_max + 4096);
        buffer.reserve(4096);  // a usual request in one read
        for (bool first = true; !self->stopping; first = false) {
            Parser parser;
            parser.eager(true);
            parser.header_limit(static_cast<std::uint32_t>(self->options.header_bytes_max));
            parser.body_limit(self->options.body_bytes_max);
            stream->expires_after(first ? self->options.header_timeout : self->options.idle_timeout);
            const auto problem = co_await read_request(self.get(), stream.get(), &buffer, &parser);
            if (problem) {
                const int status = status_of(problem);
                if (status == 0) co_return;
                auto refusal = HttpResponse::error(status, "bad-request", problem.message());
                auto message = wire(refusal, 11, false, self->options.server_name);
                co_await write(stream.get(), std::move(message), std::chrono::seconds(5));
                co_return;
            }
            const bool again = co_await answer(self, stream, parser.release());
            self->busy.erase(stream.get());
            if (!again) co_return;
        }
    }

    using Parser = http::request_parser<http::string_body>;

    /// Feeds what has come to the parser. Nothing more to do: it is done, or needs more bytes.
    static error_code parse(beast::flat_buffer& buffer, Parser& parser) {
        error_code problem;
        while (buffer.size() > 0 && !parser.is_done()) {
            const auto used = parser.put(buffer.data(), problem);
            buffer.consume(used);
            if (problem == http::error::need_more) return {};
            if (problem) return problem;
        }
        return {};
    }

    /// Reads one request, in as few turns of the loop as its bytes need: usually one.
    static Task<error_code> read_request(Impl* self, Channel* stream, beast::flat_buffer* buffer, Parser* parser) {
        bool in_body = false;
        error_code problem = parse(*buffer, *parser);
        while (!problem) {
            if (parser->is_header_done()) self->busy.insert(stream);
            if (parser->is_done()) co_return problem;
            if (parser->is_header_done() && !std::exchange(in_body, true)) {
                stream->expires_after(self->options.header_timeout);
                if (beast::iequals(parser->get()[http::field::expect], "100-continue")) {
                    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
                    co_await asio::async_write(*stream, asio::buffer(go_on), asio::use_awaitable);
                }
            }
            const auto room = beast::read_size(*buffer, 65536);
            if (room == 0) co_return http::error::buffer_overflow;
            const auto space = buffer->prepare(room);
            const auto came =
                co_await stream->async_read_some(space, asio::redirect_error(asio::use_awaitable, problem));
            if (problem) break;
            buffer->commit(came);
            problem = parse(*buffer, *parser);
        }
        co_return problem;
    }

    /// Most answers fit into what the kernel takes at once; the rest waits for the peer.
    static Task<void> write(Channel* stream, std::string message, Duration limit) {
        const auto written = stream->write_at_once(message);
        if (written == message.size()) co_return;
        stream->expires_after(limit);
        const auto rest = asio::buffer(message) + written;
        co_await asio::async_write(*stream, rest, asio::use_awaitable);
    }

    /// Answers one request; true when the connection can take another.
    static Task<bool> answer(
        std::shared_ptr<Impl> self, std::shared_ptr<Channel> stream, http::request<http::string_body> message
    ) {
        const unsigned version = message.version();
        const bool is_head = message.method() == http::verb::head;
        const bool current = !self->options.tls || stream->generation == self->options.tls->generation();
        const bool keep_alive = message.keep_alive() && !self->stopping && current;
        HttpRequest request;
        request.method = std::string(message.method_string());
        request.target = std::string(message.target());
        request.headers.reserve(16);
        for (const auto& field : message) request.headers.emplace_back(field.name_string(), field.value());
        request.body = std::move(message.body());
        HttpResponse response;
        std::string bug;
        stream->expires_never();  // the handler has deadlines of its own
        const bool origin_form = !request.target.empty() && request.target[0] == '/';
        const bool one_host = message.count(http::field::host) == 1 || version < 11;
        if (!origin_form || !one_host) {
            response = HttpResponse::error(400, "bad-request", "expected a path as target and exactly one Host header");
        } else {
            try {
                response = co_await self->handler(std::move(request));
            } catch (const std::exception& problem) {
                bug = problem.what();
            }
            if (!bug.empty()) response = HttpResponse::error(500, "internal", bug);
        }
        if (response.stream) {
            co_await write_stream(self, stream, std::move(response), version);
            co_return false;
        }
        auto out = wire(response, version, keep_alive, self->options.server_name, is_head);
        co_await write(stream.get(), std::move(out), self->options.idle_timeout);
        co_return keep_alive;
    }

    static Task<void> write_stream(
        std::shared_ptr<Impl> self, std::shared_ptr<Channel> stream, HttpResponse response, unsigned version
    ) {
        http::response<http::empty_body> head(static_cast<http::status>(response.status), version);
        head.set(http::field::server, self->options.server_name);
        for (const auto& [key, value] : response.headers) head.insert(key, value);
        head.chunked(true);
        http::response_serializer<http::empty_body> serializer(head);
        co_await http::async_write_header(*stream, serializer, asio::use_awaitable);
        auto write = [stream, self](std::string chunk) -> Task<bool> {
            return write_chunk(self, stream, std::move(chunk));
        };
        co_await response.stream(std::move(write));
        error_code ignored;
        co_await asio::async_write(
            *stream, http::make_chunk_last(), asio::redirect_error(asio::use_awaitable, ignored)
        );
    }

    static Task<bool> write_chunk(std::shared_ptr<Impl> self, std::shared_ptr<Channel> stream, std::string chunk) {
        if (self->stopping) co_return false;
        error_code problem;
        stream->expires_after(std::chrono::seconds(10));
        co_await asio::async_write(
            *stream, http::make_chunk(asio::buffer(chunk)), asio::redirect_error(asio::use_awaitable, problem)
        );
        co_return !problem;
    }
};

HttpServer::HttpServer(Executor executor, Options options, Handler handler)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() {
    error_code ignored;
    impl_->stopping = true;
    impl_->acceptor.close(ignored);
    for (const auto& stream : impl_->connections) stream->socket().close(ignored);
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
    for (const auto& stream : impl->connections) {
        if (!impl->busy.contains(stream.get())) stream->socket().cancel(ignored);
    }
    while (!impl->connections.empty() && !deadline.passed()) co_await wait_for(std::chrono::milliseconds(2));
    for (const auto& stream : impl->connections) stream->socket().close(ignored);
}

}  // namespace cloudshelf::io
