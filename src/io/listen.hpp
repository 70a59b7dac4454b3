#pragma once

#include "base/result.hpp"
#include "io/http.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace cloudshelf::io {

/// Opens, binds and listens. Errors: "io.address-in-use" (the message says which process has it, where that can be
/// seen), "io.listen".
Result<void> listen_at(boost::asio::ip::tcp::acceptor& acceptor, const Endpoint& endpoint);

}  // namespace cloudshelf::io
