// Goal: a machine that cannot run the twin is said so before anything is started, the edge's part included. Method: a
// listener of our own at each place of the twin's.
#include "twin/machine.hpp"

#include "io/file.hpp"
#include "plan/load.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

namespace cloudshelf::twin {
namespace {

using boost::asio::ip::tcp;

/// On addresses of its own.
Layout layout() {
    const auto text = io::read_file(SOURCE_ROOT "/plans/cloudshelf.yaml");
    auto plan = plan::load(text.value_or(""), "cloudshelf.yaml");
    EXPECT_TRUE(plan);
    return lay_out("/nowhere", 221 + static_cast<int>(::getpid() % 25), std::move(*plan)).value();
}

std::string taken(const Layout& layout, const Site& site, std::uint16_t port) {
    boost::asio::io_context loop;
    const tcp::acceptor listener(loop, {boost::asio::ip::make_address(site.address), port});
    const auto checked = check_ports(layout);
    return checked ? "" : checked.error().code + ": " + checked.error().message;
}

TEST(Machine, HasEveryPortOfTheTwinFree) {
    const auto twin = layout();
    EXPECT_TRUE(check_ports(twin));
    const auto gateway = taken(twin, twin.primary, Ports::gateway);
    EXPECT_TRUE(gateway.starts_with("twin.port-taken: " + twin.primary.address + ":8080 is taken by twin_test"))
        << gateway;
    EXPECT_NE(taken(twin, twin.world, Ports::edge), "");
    EXPECT_NE(taken(twin, twin.world, Ports::edge_tls), "");
}

TEST(Machine, NeedsNoPortsOfAnEdgeThatThePlanHasNot) {
    auto twin = layout();
    twin.plan.edge.reset();
    EXPECT_EQ(taken(twin, twin.world, Ports::edge), "");
}

}  // namespace
}  // namespace cloudshelf::twin
