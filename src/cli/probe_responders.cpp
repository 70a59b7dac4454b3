#include "cli/probe_responders.hpp"

#include <boost/asio/io_context.hpp>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cloudshelf::cli {
namespace {

using namespace std::string_view_literals;

void count(Counters& counters) {
    counters.requests.fetch_add(1, std::memory_order_relaxed);
}

sockaddr_in address_of(const io::Endpoint& endpoint) {
    sockaddr_in at{.sin_family = AF_INET, .sin_port = htons(endpoint.port)};
    ::inet_pton(AF_INET, endpoint.address.c_str(), &at.sin_addr);
    return at;
}

/// Reads what is there and answers it. False when the connection is over.
using Serve = bool (*)(int connection, Counters& counters);

bool serve_http(int connection, Counters& counters) {
    constexpr std::string_view answer =
        "HTTP/1.1 200 OK\r\nServer: responder\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
    std::array<char, 4096> buffer;
    const ssize_t size = ::recv(connection, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    const std::string_view request(buffer.data(), static_cast<std::size_t>(size));
    if (!request.ends_with("\r\n\r\n")) return false;  // ours and our peers' requests come whole, in one packet
    count(counters);
    if (::send(connection, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return false;
    return !request.contains("onnection: close");
}

bool serve_postgres(int connection, Counters& counters) {
    constexpr std::string_view answer = "R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"sv;
    std::array<char, 4096> buffer;
    const ssize_t size = ::recv(connection, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size < 8) return false;
    count(counters);
    return ::send(connection, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

void serve_connections(const io::Endpoint& listen, Serve serve, Counters& counters) {
    const sockaddr_in at = address_of(listen);
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || ::listen(listener, 4096) != 0)
        return;
    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    const auto watch = [&](int descriptor) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
        ::epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event);
    };
    watch(listener);
    std::array<epoll_event, 256> events;
    for (;;) {
        const int ready_count = ::epoll_wait(loop, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < ready_count; ++i) {
            const int ready = events[static_cast<std::size_t>(i)].data.fd;
            if (ready != listener) {
                if (!serve(ready, counters)) ::close(ready);
                continue;
            }
            for (int made; (made = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
                watch(made);
        }
    }
}

/// 200 "ok", counted.
io::Task<io::HttpResponse> ok(Counters* counters) {
    count(*counters);
    co_return io::HttpResponse::text(200, "ok");
}

}  // namespace

void respond_http(const io::Endpoint& listen, Counters& counters) {
    serve_connections(listen, serve_http, counters);
}

void respond_postgres(const io::Endpoint& listen, Counters& counters) {
    serve_connections(listen, serve_postgres, counters);
}

void respond_dns(const io::Endpoint& listen, Counters& counters) {
    constexpr std::string_view record = "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1"sv;
    const sockaddr_in at = address_of(listen);
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return;
    std::array<char, 1024> message;
    for (;;) {
        sockaddr_in from{};
        socklen_t from_size = sizeof from;
        auto* const peer = reinterpret_cast<sockaddr*>(&from);
        const ssize_t size = ::recvfrom(socket, message.data(), message.size() - record.size(), 0, peer, &from_size);
        if (size < 12) continue;
        count(counters);
        message[2] = '\x84';  // an authoritative answer
        message[7] = 1;       // with one record
        record.copy(message.data() + size, record.size());
        ::sendto(socket, message.data(), static_cast<std::size_t>(size) + record.size(), 0, peer, from_size);
    }
}

void respond_https(const io::Endpoint& listen, const io::TlsIdentity& identity, Counters& counters) {
    const auto tls =
        io::TlsContext::open({.identity = identity, .client_certificate = io::TlsContext::ClientCertificate::not_asked}
        );
    if (!tls) return;
    boost::asio::io_context loop(1);
    io::HttpServer server(loop.get_executor(), {.listen = listen, .tls = *tls}, [&](io::HttpRequest) {
        return ok(&counters);
    });
    if (server.start()) loop.run();
}

}  // namespace cloudshelf::cli
