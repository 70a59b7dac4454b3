#include "io/listen.hpp"

#include "io/process.hpp"

#include <fmt/format.h>

namespace cloudshelf::io {

Result<void> listen_at(boost::asio::ip::tcp::acceptor& acceptor, const Endpoint& endpoint) {
    using boost::asio::ip::tcp;
    boost::system::error_code problem;
    const auto address = boost::asio::ip::make_address(endpoint.address, problem);
    if (!problem) acceptor.open(tcp::v4(), problem);
    if (!problem) acceptor.set_option(tcp::acceptor::reuse_address(true), problem);
    if (!problem) acceptor.bind({address, endpoint.port}, problem);
    if (!problem) acceptor.listen(1024, problem);
    if (!problem) return {};
    if (problem != boost::asio::error::address_in_use)
        return fail("io.listen", fmt::format("{}: {}", endpoint.text(), problem.message()));
    const auto who = who_listens(endpoint.address, endpoint.port);
    return fail(
        "io.address-in-use", fmt::format("{} is taken by {}", endpoint.text(), who.value_or("another process"))
    );
}

}  // namespace cloudshelf::io
