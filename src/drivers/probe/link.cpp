#include "drivers/probe/link.hpp"

#include <netinet/tcp.h>

namespace cloudshelf::probe {

void Link::open_tcp(How how, Error& problem) {
    parting_ = how.parting;
    tcp_.open(boost::asio::ip::tcp::v4(), problem);
    if (problem) return;
    Error ignored;
    if (how.parting == Parting::reset) tcp_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    using QuickAck = boost::asio::detail::socket_option::boolean<IPPROTO_TCP, TCP_QUICKACK>;
    if (how.speaks_first) tcp_.set_option(QuickAck(false), ignored);
}

void Link::close() {
    if (parting_ == Parting::orderly) tls_.say_goodbye();
    tls_.end();
    Error ignored;
    tcp_.close(ignored);
    udp_.close(ignored);
}

}  // namespace cloudshelf::probe
