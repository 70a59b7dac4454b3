#pragma once

#include "drivers/dns/dns.hpp"
#include "io/clock.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cloudshelf::dns {

/// The resolver of a customer's machine: asks the nameservers in turn, believes an answer for exactly its TTL, goes to
/// the next server when one does not answer within `server_timeout`, and begins with the one that answered last.
/// Questions for the same name at the same time are asked once. Nothing stale is ever answered. Lives on one loop and
/// outlives its questions; any of them may be cancelled.
class Resolver {
public:
    explicit Resolver(std::vector<io::Endpoint> servers, Duration server_timeout = std::chrono::milliseconds(150))
        : servers_(std::move(servers)), server_timeout_(server_timeout) {}

    struct Resolved {
        std::vector<std::string> addresses;
        TimePoint expires{};  // by io::now(); the TTL counts from when the question was sent
        io::Endpoint server;  // who said so
    };
    /// The A records of a name. Goes twice through the servers at most. Errors: "dns.no-answer" (no server answered),
    /// "dns.no-name" (an empty answer).
    io::Task<Result<Resolved>> resolve(std::string name, io::Deadline deadline);

private:
    struct Flight;  // a question on its way, and who waits for its answer
    struct Entry {
        Resolved resolved;
        std::shared_ptr<Flight> flight;
    };
    io::Task<Result<Resolved>> ask(std::string name, io::Deadline deadline);

    std::vector<io::Endpoint> servers_;
    Duration server_timeout_;
    std::size_t preferred_ = 0;  // the server that answered last
    std::map<std::string, Entry> cache_;
};

}  // namespace cloudshelf::dns
