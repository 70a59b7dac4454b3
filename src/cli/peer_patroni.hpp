#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace cloudshelf::cli {

/// The three values that decide how long Patroni waits, in seconds, as its documentation names them
/// (patroni.readthedocs.io, "Dynamic Configuration Settings").
struct PatroniTiming {
    int ttl = 30;
    int loop_wait = 10;
    int retry_timeout = 10;
};

/// What Patroni does when nothing is said.
inline constexpr PatroniTiming patroni_defaults{};
/// The lowest values that Patroni documents. 3.2.0 and later refuse lower ones; 3.0.2 takes them, but its maintainers
/// advise against a ttl below 20 (github.com/patroni/patroni pull request 2869, issue 2040).
inline constexpr PatroniTiming patroni_fastest{.ttl = 20, .loop_wait = 1, .retry_timeout = 3};

struct PatroniVersions {
    std::string patroni;  // "3.0.2"
    std::string etcd;     // "3.4.23"
};

/// Whether this machine has what a trial needs: patroni and etcd in `programs`, Python's etcd client, PostgreSQL 15.
/// Errors: "peer.not-installed", naming Debian's packages; "twin.no-postgres".
Result<PatroniVersions> find_patroni(const std::filesystem::path& programs = "/usr/bin");

struct PatroniNode {
    std::string name;
    std::string address;              // PostgreSQL at 5432, Patroni's REST API at 8008
    std::filesystem::path directory;  // what PostgreSQL's user owns of it
};

/// Made for one trial and gone with its folder.
struct PatroniSecrets {
    std::string superuser;
    std::string replication;
    std::string rest_api;
};

/// A node's patroni.yml (as JSON, which YAML includes): asynchronous replication, etcd by its v3 API, passwords asked
/// for everywhere, whatever is not named here as Patroni has it.
std::string patroni_config(
    const PatroniNode& node, const std::string& etcd, const PatroniTiming& timing, const PatroniSecrets& secrets
);

struct PatroniTrialOptions {
    std::filesystem::path directory;   // emptied first; removed afterwards; stays, for its logs, when the trial fails
    std::filesystem::path cloudshelf;  // this program: it is the nodes' machines too
    int network_base = 0;              // nodes at 127.<base+1>.0.1 and 127.<base+2>.0.1, etcd at 127.<base+4>.0.1
    PatroniTiming timing;
    Duration before = std::chrono::seconds(5);  // of writing, until the primary is lost
    std::function<bool()> go_on;                // asked several times a second; false ends the trial
};

struct PatroniTrial {
    Duration recovery{};             // from the kill to the first write acknowledged by the other node
    std::uint64_t acknowledged = 0;  // writes
    std::uint64_t lost = 0;          // of them, not found at the other node afterwards
    double writes_per_second = 0;    // before the kill
};

/// Two Patroni nodes and one etcd, fresh; a client writes; every process of the primary's node is killed at once; the
/// client goes on at the other node; everything acknowledged is read back. Nothing of it runs afterwards.
/// Errors: "trial.interrupted", "trial.too-long" (what did not happen, and where the logs are), "trial.left-over",
/// "twin.port-taken", "twin.bad-network-base".
Result<PatroniTrial> run_patroni_trial(const PatroniTrialOptions& options);

}  // namespace cloudshelf::cli
