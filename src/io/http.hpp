#pragma once

#include "base/result.hpp"
#include "io/clock.hpp"
#include "io/task.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::io {

class TlsContext;

/// An address to listen on or to talk to: a literal IPv4 address, never a name, so that nothing here waits for DNS.
struct Endpoint {
    std::string address;
    std::uint16_t port = 0;

    /// "127.1.0.1:8080"
    std::string text() const;
    /// Errors: "io.bad-endpoint".
    static Result<Endpoint> parse(std::string_view text);
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The longest piece of a body that is handed over at a time, both ways.
inline constexpr std::size_t body_piece_bytes_max = 256 << 10;

/// The body of a request while it comes in. Nothing is read ahead: who does not ask holds the sender back. One `next`
/// at a time, on the server's executor, and none after the handler has answered ("io.closed" from then on).
class BodyReader {
public:
    virtual ~BodyReader() = default;
    /// What comes next, at most body_piece_bytes_max; an empty text is the end. The first call sends the 100 Continue
    /// that a client may wait for (RFC 9110 §10.1.1). Errors, after which nothing more comes: "io.closed" (the body
    /// ended early), "io.timeout" (silence, or too slow; the connection is closed by then), "io.bad-request" (no chunk
    /// where one is due), "io.body-too-large" (chunks of more than `streamed_body_bytes_max` altogether).
    virtual Task<Result<std::string>> next() = 0;
    /// How many bytes the whole body has; nothing when it comes in chunks and only the end will tell.
    virtual std::optional<std::uint64_t> length() const = 0;
};

struct HttpRequest {
    std::string method = "GET";
    std::string target = "/";  // path and query, as on the wire
    Headers headers;
    std::string body;
    std::shared_ptr<BodyReader> incoming;  // of a request that is streamed, whose `body` is empty; else null

    /// The value of the first header of that name (case does not matter), or an empty text.
    std::string_view header(std::string_view name) const;
    /// The target up to "?".
    std::string_view path() const;
    /// The percent-decoded value of a query parameter, or an empty text.
    std::string query(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    Headers headers;
    std::string body;
    /// With `stream`: the body is exactly that long and goes out as it is; who writes less makes the server close the
    /// connection, what is written beyond is refused. In an answer to HEAD: what GET would have. Otherwise not looked
    /// at.
    std::optional<std::uint64_t> content_length;

    std::string_view header(std::string_view name) const;
    /// A response with `Content-Type: application/json`.
    static HttpResponse json(int status, std::string body);
    static HttpResponse text(int status, std::string body);
    /// `{"error": {"code": …, "message": …}}`, the shape of every error of ours.
    static HttpResponse error(int status, std::string_view code, std::string_view message);

    /// When set, the body is what this writes, until it returns or the peer is gone: with `content_length` pieces of a
    /// known whole, best of 64 KiB to 1 MiB each; without, chunks that go out at once (Server-Sent Events). `write`
    /// returns when the kernel has the piece, and answers false when nobody listens any more or takes nothing for
    /// `answer_idle_timeout`. Not called for HEAD, 204 and 304.
    using Writer = std::function<Task<bool>(std::string chunk)>;
    std::function<Task<void>(Writer write)> stream;
};

/// An HTTP/1.1 server with keep-alive and pipelining. Strict about what it reads (RFC 9112, reliability.md S9): refuses
/// Transfer-Encoding together with Content-Length, bad chunk sizes, oversized lines, headers and bodies, slow clients.
/// With `tls` it speaks HTTPS only; a kept connection ends with the answer that follows a change of the TLS files.
/// Bodies are whole unless `streams` and HttpResponse::stream say otherwise. What a connection holds at the most: a
/// whole request (header_bytes_max + body_bytes_max) and its answer; of bodies that are streamed 64 KiB, and one piece
/// each way. A handler that answers a streamed request before its end: up to 256 KiB of what is left are read and
/// thrown away, more ends the connection after the answer, once the client had a moment to see it. Lives on one
/// executor; `start` binds and listens; `stop` closes the listener, lets requests in progress end until the deadline,
/// then closes what is left.
class HttpServer {
public:
    struct Options {
        Endpoint listen;
        std::size_t body_bytes_max = 1 << 20;
        std::size_t header_bytes_max = 32 << 10;
        std::size_t connections_max = 1000;
        Duration header_timeout = std::chrono::seconds(10);
        Duration idle_timeout = std::chrono::seconds(60);
        std::string server_name = "cloudshelf";
        std::shared_ptr<TlsContext> tls;  // null: plain HTTP
        Duration handshake_timeout = std::chrono::seconds(5);
        /// Asked when a connection has come, before anything of it is read; who is not admitted is closed. Null: all.
        std::function<bool(const Endpoint& ours, const Endpoint& peer)> admits;
        /// Asked when the header is there, before anything of the body is asked for: whether the handler is to be
        /// called at once, with `incoming` for the body. Null: never.
        std::function<bool(const HttpRequest& head)> streams;
        std::uint64_t streamed_body_bytes_max = std::uint64_t{5} << 30;
        /// How long a client may say nothing inside a streamed body, or take nothing of a streamed answer; and how much
        /// it must move on average, else a byte now and then would hold a connection for ever.
        Duration body_idle_timeout = std::chrono::seconds(30);
        Duration answer_idle_timeout = std::chrono::seconds(30);
        std::size_t bytes_per_second_min = 1024;
    };
    using Handler = std::function<Task<HttpResponse>(HttpRequest)>;

    HttpServer(Executor executor, Options options, Handler handler);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Errors: "io.address-in-use" (the message says which process has it, where that can be seen), "io.listen".
    Result<void> start();
    /// The port listened on: the chosen one where `listen.port` was 0.
    std::uint16_t port() const;
    Task<void> stop(Deadline deadline);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

/// Gives the next piece of an upload, of any size; only asked while bytes are missing. An error ends the upload and is
/// what the caller gets; so does a piece that is empty or longer than what is missing, as "io.bad-upload".
using BodySource = std::function<Task<Result<std::string>>()>;
struct Upload {
    std::uint64_t length = 0;
    BodySource source;
};
/// Takes the next piece of an answer, at most body_piece_bytes_max. The next is read when it returns; an error ends the
/// download and is what the caller gets.
using BodySink = std::function<Task<Result<void>>(std::string piece)>;

/// An HTTP/1.1 client that keeps connections to each endpoint and uses them again. A request sent on a kept connection
/// that turns out to be closed before any byte of an answer came is sent once more on a fresh one only when it is
/// idempotent (GET, HEAD, PUT, DELETE; RFC 9110 §9.2.2). A connection made before the TLS files changed is not used
/// again.
class HttpClient {
public:
    struct Options {
        std::size_t idle_connections_per_endpoint_max = 32;
        std::size_t body_bytes_max = 8 << 20;
        bool reuse_connections = true;
        std::shared_ptr<TlsContext> tls;  // null: plain HTTP; else HTTPS, to every endpoint
        /// The DNS name that an endpoint's certificate must carry. One that is not named here: its address.
        std::map<Endpoint, std::string> names;
        /// How long a server may take or send nothing inside a streamed body, and how much it must move on average.
        Duration body_idle_timeout = std::chrono::seconds(30);
        std::size_t bytes_per_second_min = 1024;
    };

    HttpClient(Executor executor, Options options);
    explicit HttpClient(Executor executor) : HttpClient(std::move(executor), Options{}) {}
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Sets Host (when absent) and Content-Length. Errors: "io.connect" (not_done: nothing was sent), "io.tls"
    /// (not_done: one of the two does not believe the other), "io.timeout" and "io.closed" (unknown once any byte was
    /// sent), "io.bad-answer" (unknown).
    Task<Result<HttpResponse>> send(Endpoint endpoint, HttpRequest request, Deadline deadline);

    /// As `send`, with a body that comes piece by piece instead of `request.body`. With the header `Expect:
    /// 100-continue` the source is asked when the server has said that it will read, or has said nothing for a second.
    /// An answer that comes before the end stops the upload and is returned. Sent again on a fresh connection only
    /// while the source was not asked.
    Task<Result<HttpResponse>> upload(Endpoint endpoint, HttpRequest request, Upload upload, Deadline deadline);

    /// As `send`, with the body of a 2xx answer handed to `sink` piece by piece, and an empty `body` in what is
    /// returned at its end. The body of any other answer is collected as by `send`, for it says what was wrong. An
    /// answer that ends early: "io.closed", and the sink has had a part.
    Task<Result<HttpResponse>> download(Endpoint endpoint, HttpRequest request, BodySink sink, Deadline deadline);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace cloudshelf::io
