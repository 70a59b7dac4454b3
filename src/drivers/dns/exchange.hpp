#pragma once

#include "drivers/dns/packet.hpp"
#include "io/clock.hpp"

namespace cloudshelf::dns {

/// Sends a packet over UDP from a fresh port and waits for the answer to it; over TCP when the answer is truncated.
/// What is no answer to it is ignored. Errors: "dns.no-answer" (unknown: an update may have been done).
struct Exchanged {
    Bytes wire;
    Parsed parsed;
};
io::Task<Result<Exchanged>> exchange(io::Endpoint server, Bytes packet, std::string type, io::Deadline deadline);

}  // namespace cloudshelf::dns
