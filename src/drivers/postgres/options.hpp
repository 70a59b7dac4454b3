#pragma once

#include "base/ids.hpp"
#include "io/tls.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace cloudshelf::postgres {

/// Where another server is.
struct Address {
    std::string host;
    std::uint16_t port = 5432;
    std::string name;  // expected in its certificate; of use where ClusterOptions has `tls`
};

struct ClusterOptions {
    std::filesystem::path programs = "/usr/lib/postgresql/15/bin";
    std::filesystem::path pgdata;
    std::filesystem::path pgconf;      // postgresql.conf and pg_hba.conf, outside pgdata
    std::filesystem::path socket_dir;  // of the server's unix socket
    /// postgres-admin.password, postgres-replicator.password, postgres-bookstore.password
    std::filesystem::path secrets;
    std::filesystem::path fencer_socket;
    std::filesystem::path data;  // stranded writes
    Address listen;
    RegionName region;  // our application_name as a standby
    RegionName peer;    // the other region's
    std::string user;   // run programs as this user; empty: ours
    /// With it, servers talk to each other by TLS, certificates on both sides; without: plain.
    std::optional<io::TlsIdentity> tls;
};

}  // namespace cloudshelf::postgres
