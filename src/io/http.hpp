#pragma once

#include "base/result.hpp"
#include "io/clock.hpp"
#include "io/task.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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

struct HttpRequest {
    std::string method = "GET";
    std::string target = "/";  // path and query, as on the wire
    Headers headers;
    std::string body;

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

    std::string_view header(std::string_view name) const;
    /// A response with `Content-Type: application/json`.
    static HttpResponse json(int status, std::string body);
    static HttpResponse text(int status, std::string body);
    /// `{"error": {"code": …, "message": …}}`, the shape of every error of ours.
    static HttpResponse error(int status, std::string_view code, std::string_view message);

    /// When set, the body is what this writes, one chunk at a time (Server-Sent Events), until it returns or the peer
    /// is gone. `write` answers false when nobody listens any more.
    using Writer = std::function<Task<bool>(std::string chunk)>;
    std::function<Task<void>(Writer write)> stream;
};

/// An HTTP/1.1 server with keep-alive and pipelining. Strict about what it reads (RFC 9112, reliability.md S9): refuses
/// Transfer-Encoding together with Content-Length, bad chunk sizes, oversized lines, headers and bodies, slow clients.
/// With `tls` it speaks HTTPS only; a kept connection ends with the answer that follows a change of the TLS files.
/// Lives on one executor; `start` binds and listens; `stop` closes the listener, lets requests in progress end until
/// the deadline, then closes what is left.
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

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace cloudshelf::io
