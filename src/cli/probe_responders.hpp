#pragma once

#include "cli/probe_peers.hpp"
#include "io/http.hpp"
#include "io/tls.hpp"

/// Who answers the probes of bench-probes. Each counts what it answered, and returns only when it cannot listen.
namespace cloudshelf::cli {

/// Answers every request with 200 and two bytes. HTTP/1.1 with keep-alive, one loop, no parsing beyond the end of a
/// request and its `Connection: close`.
void respond_http(const io::Endpoint& listen, Counters& counters);

/// Says to every hello of PostgreSQL's protocol that a password is wanted (SCRAM), and waits for the end.
void respond_postgres(const io::Endpoint& listen, Counters& counters);

/// Answers every question for an address with 127.0.0.1.
void respond_dns(const io::Endpoint& listen, Counters& counters);

/// 200 and two bytes over TLS 1.3, by the HTTP server of `io`.
void respond_https(const io::Endpoint& listen, const io::TlsIdentity& identity, Counters& counters);

}  // namespace cloudshelf::cli
