#pragma once

#include "io/http.hpp"

#include <optional>
#include <sys/types.h>

namespace cloudshelf::io {

/// Who made the TCP socket at one end of a connection within this machine: `near` is that end's own address. From the
/// kernel (sock_diag(7)). Nothing when there is no such connection, or no longer anybody at that end.
std::optional<uid_t> socket_owner(const Endpoint& near, const Endpoint& far);

}  // namespace cloudshelf::io
