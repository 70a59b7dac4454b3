#pragma once

#include "base/result.hpp"
#include "io/http.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::store {

/// Files of PEM; they are named on the command line, what is in them never is.
struct EtcdTls {
    std::filesystem::path certificate;
    std::filesystem::path key;
    std::filesystem::path trusted_ca;  // who may connect: peers and clients without a certificate of it are refused
};

/// How patient the members are with each other. Must be the same at every member.
struct EtcdTiming {
    Duration heartbeat = std::chrono::milliseconds(100);
    Duration election = std::chrono::seconds(1);  // silence after which a follower stands for election

    /// For the longest round trip between two members: a heartbeat of at least one and a half of it, an election of ten
    /// heartbeats; never below the defaults, which suit one region and disks whose fsync may take a tenth of a second
    /// (https://etcd.io/docs/v3.4/tuning/).
    static EtcdTiming for_round_trip(Duration longest);
    /// For members that are this quick to each other and leases that long: an election is over before the lease of a
    /// writer runs out who has no standby to promise anything, and never more nervous than disks allow.
    static EtcdTiming for_lease(Duration lease);
};

/// One member of a cluster, as one site runs it.
///
/// TLS: with `--client-cert-auth` the JSON gateway works for clients with a certificate of the CA (tried with 3.4.23:
/// 200; without a certificate the handshake fails). Two conditions. The gateway is a client of its own member and shows
/// the *server's* certificate, so that one needs the extended key usages serverAuth and clientAuth; with serverAuth
/// alone every call through the gateway ends in 503 "connection closed" while etcdctl works
/// (https://github.com/etcd-io/etcd/issues/9785, /16590). And etcd's own users cannot be told by the CommonName of a
/// certificate through the gateway (https://github.com/etcd-io/etcd/pull/10366): with `auth enable` it answers 400. So
/// who holds a certificate may do everything; we do not enable etcd's users, and give the cluster a CA of its own.
struct EtcdMember {
    std::string name;            // of the site: letters, digits, '-', '_' and '.'
    std::filesystem::path data;  // made by etcd, for its user only (0700)
    io::Endpoint client;         // for us
    io::Endpoint peer;           // for the other members
    struct Peer {
        std::string name;
        io::Endpoint peer;
        std::string host = {};  // as the others reach it, where a name stands for its address; empty: the address
    };
    std::vector<Peer> cluster;  // every member, this one too; counts only until the data folder has been made
    bool joins = false;         // a cluster that is there, which has been told of it; else they begin one together
    std::string cluster_token;  // the same at every member: keeps clusters apart that share addresses by mistake
    EtcdTiming timing;
    std::uint64_t quota_bytes = 512ULL << 20;  // above it, changes are refused ("store.disk-full") until compacted
    /// Older revisions of keys are compacted. Nobody reads them, and they fill the quota: a thousand leases renewed
    /// once a second are 20 MB a minute.
    std::uint32_t keep_history_minutes = 5;
    std::filesystem::path log;   // empty: to stderr
    std::optional<EtcdTls> tls;  // of clients and peers alike; nothing: plain HTTP, for loopback only
};

/// What to start as a program. etcd refuses to start when the environment has an ETCD_… of the same meaning.
/// Errors: "store.bad-member", naming what etcd would refuse, or silently take otherwise.
Result<std::vector<std::string>> command_line(const EtcdMember& member);

}  // namespace cloudshelf::store
