#include "io/connect_proxy.hpp"

#include "io/clock.hpp"
#include "io/listen.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <charconv>

namespace cloudshelf::io {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

using Socket = std::shared_ptr<tcp::socket>;

/// Closes a socket that has not got further by then; whoever waits on it fails.
class Limit {
public:
    Limit(const Executor& executor, Socket socket, Duration limit) : timer_(executor) {
        timer_.expires_after(limit);
        timer_.async_wait([socket = std::move(socket)](error_code stopped) {
            error_code ignored;
            if (!stopped) socket->close(ignored);
        });
    }

private:
    asio::steady_timer timer_;
};

Task<void> pump(Socket from, Socket to) {
    std::array<char, 16 << 10> buffer;
    error_code failed;
    while (!failed) {
        const std::size_t size =
            co_await from->async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failed));
        if (failed) break;
        co_await asio::async_write(
            *to, asio::buffer(buffer.data(), size), asio::redirect_error(asio::use_awaitable, failed)
        );
    }
    error_code ignored;
    if (failed == asio::error::eof) {
        to->shutdown(tcp::socket::shutdown_send, ignored);
    } else {
        to->close(ignored);
        from->close(ignored);
    }
}

}  // namespace

Result<ConnectTarget> parse_connect(std::string_view head) {
    const auto bad = [](std::string why) { return fail("io.bad-request", std::move(why)); };
    const std::string_view line = head.substr(0, head.find("\r\n"));
    constexpr std::string_view method = "CONNECT ";
    if (!line.starts_with(method)) return bad("expected CONNECT");
    const std::string_view rest = line.substr(method.size());
    const auto space = rest.find(' ');
    if (space == std::string_view::npos || !rest.substr(space + 1).starts_with("HTTP/1."))
        return bad("expected HTTP/1");
    const std::string_view authority = rest.substr(0, space);
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return bad("expected host:port");
    ConnectTarget target{.host = std::string(authority.substr(0, colon))};
    const std::string_view port = authority.substr(colon + 1);
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), target.port);
    if (failed != std::errc() || end != port.data() + port.size() || target.port == 0) return bad("expected a port");
    return target;
}

struct ConnectProxy::Impl : std::enable_shared_from_this<Impl> {
    Impl(Executor ex, Options wanted) : executor(std::move(ex)), options(std::move(wanted)), acceptor(executor) {}

    Task<void> accept() {
        const auto self = shared_from_this();
        for (;;) {
            error_code failed;
            tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
            if (failed == asio::error::operation_aborted || !acceptor.is_open()) co_return;
            if (failed) {
                co_await wait_for(std::chrono::milliseconds(50));  // out of descriptors
                continue;
            }
            asio::co_spawn(executor, serve(std::make_shared<tcp::socket>(std::move(socket))), asio::detached);
        }
    }

    Task<void> refuse(Socket client, std::string status) {
        const std::string answer = "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        error_code ignored;
        co_await asio::async_write(*client, asio::buffer(answer), asio::redirect_error(asio::use_awaitable, ignored));
    }

    Task<void> serve(Socket client) {
        const auto self = shared_from_this();
        std::string bytes;
        error_code failed;
        std::size_t head = 0;
        {
            const Limit limit(executor, client, options.head_timeout);
            auto buffer = asio::dynamic_buffer(bytes, options.head_bytes_max);
            head = co_await asio::async_read_until(
                *client, buffer, "\r\n\r\n", asio::redirect_error(asio::use_awaitable, failed)
            );
        }
        if (failed) co_return;
        const auto target = parse_connect(bytes);
        const auto host = target ? options.hosts.find(target->host) : options.hosts.end();
        if (!target || host == options.hosts.end()) {
            std::string status = target ? "403 Forbidden" : "400 Bad Request";
            co_await refuse(client, std::move(status));
            co_return;
        }
        const auto server = std::make_shared<tcp::socket>(executor);
        {
            const Limit limit(executor, server, options.connect_timeout);
            const auto address = asio::ip::make_address(host->second, failed);
            if (!failed)
                co_await server->async_connect(
                    {address, target->port}, asio::redirect_error(asio::use_awaitable, failed)
                );
        }
        if (failed) {
            co_await refuse(client, "502 Bad Gateway");
            co_return;
        }
        const std::string good = "HTTP/1.1 200 OK\r\n\r\n";
        co_await asio::async_write(*client, asio::buffer(good), asio::redirect_error(asio::use_awaitable, failed));
        // What came behind the head already belongs to the other side.
        if (!failed && bytes.size() > head)
            co_await asio::async_write(
                *server,
                asio::buffer(bytes.data() + head, bytes.size() - head),
                asio::redirect_error(asio::use_awaitable, failed)
            );
        if (failed) co_return;
        asio::co_spawn(executor, pump(server, client), asio::detached);
        co_await pump(client, server);
    }

    Executor executor;
    Options options;
    tcp::acceptor acceptor;
};

ConnectProxy::ConnectProxy(Executor executor, Options options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}

ConnectProxy::~ConnectProxy() {
    error_code ignored;
    impl_->acceptor.close(ignored);
}

Result<void> ConnectProxy::start() {
    if (const auto listening = listen_at(impl_->acceptor, impl_->options.listen); !listening) return listening;
    asio::co_spawn(impl_->executor, impl_->accept(), asio::detached);
    return {};
}

std::uint16_t ConnectProxy::port() const {
    error_code ignored;
    return impl_->acceptor.local_endpoint(ignored).port();
}

}  // namespace cloudshelf::io
