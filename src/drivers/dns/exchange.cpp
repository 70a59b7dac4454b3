#include "drivers/dns/exchange.hpp"

#include "drivers/dns/errors.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace cloudshelf::dns {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;
using namespace asio::experimental::awaitable_operators;

constexpr std::size_t udp_bytes_max = 1232;  // fits any path without fragments (DNS flag day 2020)

/// A refused port says so by ICMP, before anything could have been done.
Error no_answer(const io::Endpoint& server, const error_code& why) {
    if (why == asio::error::connection_refused) return errors::not_running(server.text());
    return errors::no_answer(server.text(), why.message());
}

io::Task<Result<Exchanged>> over_udp(io::Endpoint server, Bytes packet, std::string type) {
    const auto executor = co_await asio::this_coro::executor;
    error_code bad;
    udp::socket socket(executor);
    const auto address = asio::ip::make_address(server.address, bad);
    if (!bad) socket.open(udp::v4(), bad);
    // Connected: only that server's packets are received, and its absence (ICMP) is an error at once.
    if (!bad) socket.connect({address, server.port}, bad);
    if (!bad) co_await socket.async_send(asio::buffer(packet), asio::redirect_error(asio::use_awaitable, bad));
    while (!bad) {
        Bytes received(4096);
        const std::size_t size =
            co_await socket.async_receive(asio::buffer(received), asio::redirect_error(asio::use_awaitable, bad));
        if (bad) break;
        received.resize(size);
        auto parsed = parse_answer(packet, received, type);
        if (parsed) co_return Exchanged{.wire = std::move(received), .parsed = std::move(*parsed)};
    }
    co_return fail(no_answer(server, bad));
}

io::Task<Result<Exchanged>> over_tcp(io::Endpoint server, Bytes packet, std::string type) {
    const auto executor = co_await asio::this_coro::executor;
    error_code bad;
    tcp::socket socket(executor);
    const auto address = asio::ip::make_address(server.address, bad);
    if (bad) co_return fail(no_answer(server, bad));
    const tcp::endpoint endpoint(address, server.port);
    co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, bad));
    if (bad) co_return fail(no_answer(server, bad));
    Bytes framed{static_cast<std::uint8_t>(packet.size() >> 8), static_cast<std::uint8_t>(packet.size())};
    framed.insert(framed.end(), packet.begin(), packet.end());
    co_await asio::async_write(socket, asio::buffer(framed), asio::redirect_error(asio::use_awaitable, bad));
    Bytes length(2);
    if (!bad) co_await asio::async_read(socket, asio::buffer(length), asio::redirect_error(asio::use_awaitable, bad));
    Bytes received(static_cast<std::size_t>(length[0] << 8 | length[1]));
    if (!bad) co_await asio::async_read(socket, asio::buffer(received), asio::redirect_error(asio::use_awaitable, bad));
    if (bad) co_return fail(no_answer(server, bad));
    auto parsed = parse_answer(packet, received, type);
    if (!parsed) co_return fail(errors::no_answer(server.text(), parsed.error().message));
    co_return Exchanged{.wire = std::move(received), .parsed = std::move(*parsed)};
}

}  // namespace

io::Task<Result<Exchanged>> exchange(io::Endpoint server, Bytes packet, std::string type, io::Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    const std::string name = server.text();
    asio::steady_timer timer(executor, deadline.remaining());
    if (packet.size() <= udp_bytes_max) {
        auto first = over_udp(server, packet, type);
        auto raced = co_await (std::move(first) || timer.async_wait(asio::use_awaitable));
        if (raced.index() == 1) co_return fail(errors::no_answer(name, "no answer in time"));
        auto answer = std::move(std::get<0>(raced));
        if (!answer || !answer->parsed.truncated) co_return std::move(answer);
    }
    asio::steady_timer again(executor, deadline.remaining());
    auto second = over_tcp(std::move(server), std::move(packet), std::move(type));
    auto raced_again = co_await (std::move(second) || again.async_wait(asio::use_awaitable));
    if (raced_again.index() == 1) co_return fail(errors::no_answer(name, "no answer over TCP in time"));
    co_return std::move(std::get<0>(raced_again));
}

}  // namespace cloudshelf::dns
