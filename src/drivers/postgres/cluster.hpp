#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "core/lease_record.hpp"
#include "drivers/postgres/connection.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::postgres {

/// Where another server is.
struct Address {
    std::string host;
    std::uint16_t port = 5432;
};

struct ClusterOptions {
    std::filesystem::path programs = "/usr/lib/postgresql/15/bin";
    std::filesystem::path pgdata;
    std::filesystem::path pgconf;      // postgresql.conf and pg_hba.conf, outside pgdata
    std::filesystem::path socket_dir;  // of the server's unix socket
    std::filesystem::path
        secrets;  // postgres-admin.password, postgres-replicator.password, postgres-bookstore.password
    std::filesystem::path fencer_socket;
    std::filesystem::path data;  // stranded writes and the state of a rejoin
    Address listen;
    RegionName region;  // our application_name as a standby
    RegionName peer;    // the other region's
    std::string user;   // run programs as this user; empty: ours
};

/// One look at the server.
struct Observation {
    bool running = false;
    bool in_recovery = false;
    bool streaming = false;  // as a standby: from its primary; as a primary: to its standby
    bool standby_is_sync = false;
    std::string system_id;
    std::uint32_t timeline = 0;
    Lsn lsn{0};       // as a primary: written
    Lsn received{0};  // as a standby
    Lsn replayed{0};
    std::uint64_t lag_bytes = 0;
    double lag_seconds = 0;  // age of the heartbeat row seen here, less one beat
};

struct ControlData {
    std::string system_id;
    std::string state;  // "shut down", "in production", "in archive recovery", …
    std::uint32_t timeline = 0;
    Lsn checkpoint{0};
};

enum class Rejoined { rewound, cloned, quarantined };

struct RejoinReport {
    Rejoined how = Rejoined::quarantined;
    std::uint64_t stranded_writes = 0;
    std::string detail;
};

/// One local PostgreSQL data directory and its server, which only the fencer starts and stops. All calls block: run
/// them in a BlockingPool, one at a time, except `observe`, which has a connection of its own.
class Cluster {
public:
    explicit Cluster(ClusterOptions options) : options_(std::move(options)) {}

    bool exists() const;
    /// Whether the data says "standby" (standby.signal): such a server never accepts a write when it starts.
    bool is_standby() const;
    /// initdb with checksums; then `provision` once the server runs as primary.
    Result<void> initialize();
    /// Roles, database, heartbeat table, replication slots; as often as one likes.
    Result<void> provision();
    /// Writes postgresql.conf, pg_hba.conf and what they include. `primary`: whom to follow as a standby.
    Result<void> configure(std::optional<Address> primary);
    Result<void> clone_from(Address primary);

    Result<void> start_standby();
    /// Refused by the fencer unless the lease page allows writes.
    Result<void> start_primary();
    /// A fast shutdown: the standby has everything when it is done. Then the token for the next writer.
    Result<core::PromotionToken> stop_for_switchover(Duration limit);
    Result<void> stop(Duration limit);
    Result<void> kill();
    bool is_running() const;

    /// Until a write is possible. Errors: "postgres.promote-timeout".
    Result<void> promote(Duration limit);
    Result<void> checkpoint();
    /// Wait for the standby (or for nobody) when a transaction asks for synchronous commit.
    Result<void> set_synchronous(bool wait_for_standby);

    /// Errors: "postgres.connect" when it does not run.
    Result<Observation> observe();
    /// On the primary, every second or so: the heartbeat row, and the stranded slot moved to what the standby has.
    Result<void> maintain();
    Result<ControlData> control_data() const;

    /// Makes this server, stopped, a standby of `primary`, whatever it was before. What it committed and never
    /// replicated is exported first, to `<data>/stranded/<time>.jsonl`. Ends rewound, cloned or quarantined, whatever
    /// was killed on the way; a half-rewound directory is never started.
    RejoinReport rejoin(Address primary, std::function<void(const std::string&)> progress);

private:
    Result<Connection> admin(Duration limit) const;
    Result<Connection> at(Address server, Duration limit) const;
    Result<std::string> fencer(const std::string& command, Duration limit) const;
    Result<void> run(std::vector<std::string> argv, Duration limit) const;
    Result<std::uint64_t> export_stranded(Lsn fork, const std::filesystem::path& file) const;
    Result<Lsn> fork_of(Address primary, std::uint32_t our_timeline) const;
    Result<void> rewind(Address primary) const;
    std::string password(const std::string& role) const;

    ClusterOptions options_;
    std::optional<Connection> observer_;
};

/// A line of test_decoding's output as JSON: {"table","operation","row"}; nothing for BEGIN and COMMIT.
std::optional<std::string> stranded_line(const std::string& lsn, const std::string& decoded);

}  // namespace cloudshelf::postgres
