// Goal: both ends of a connection are known by who made them, and nobody is taken for somebody. Method: connections on
// the loopback interface.
#include "io/socket_owner.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

namespace cloudshelf::io {
namespace {

using boost::asio::ip::tcp;

Endpoint of(const tcp::endpoint& endpoint) {
    return {endpoint.address().to_string(), endpoint.port()};
}

TEST(SocketOwner, KnowsWhoConnected) {
    boost::asio::io_context loop;
    tcp::acceptor acceptor(loop, {boost::asio::ip::make_address("127.46.0.9"), 0});
    tcp::socket client(loop);
    client.connect(acceptor.local_endpoint());
    const tcp::socket accepted = acceptor.accept();
    const Endpoint ours = of(accepted.local_endpoint());
    const Endpoint peer = of(accepted.remote_endpoint());
    EXPECT_EQ(socket_owner(peer, ours), ::geteuid());
    EXPECT_EQ(socket_owner(ours, peer), ::geteuid());
    client.close();
    EXPECT_EQ(socket_owner(peer, ours), std::nullopt);
    EXPECT_EQ(socket_owner({"127.46.0.9", 1}, {"127.46.0.9", 2}), std::nullopt);
    EXPECT_EQ(socket_owner({"nowhere", 1}, ours), std::nullopt);
}

}  // namespace
}  // namespace cloudshelf::io
