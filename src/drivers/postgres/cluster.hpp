#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "core/lease_record.hpp"
#include "drivers/postgres/connection.hpp"
#include "io/tls.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

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
    std::filesystem::path
        secrets;  // postgres-admin.password, postgres-replicator.password, postgres-bookstore.password
    std::filesystem::path fencer_socket;
    std::filesystem::path data;  // stranded writes and the state of a rejoin
    Address listen;
    RegionName region;  // our application_name as a standby
    RegionName peer;    // the other region's
    std::string user;   // run programs as this user; empty: ours
    /// With it, servers talk to each other by TLS, certificates on both sides; without: plain.
    std::optional<io::TlsIdentity> tls;
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
    bool again = false;  // with quarantined: the writer was not there; nothing was changed, call again
    std::uint64_t stranded_writes = 0;
    std::string detail;
};

/// One local PostgreSQL data directory and its server, which only the fencer starts and stops. All calls block: run
/// them in a BlockingPool, one at a time, except `observe`, which has a connection of its own.
class Cluster {
public:
    explicit Cluster(ClusterOptions options) : options_(std::move(options)) {}

    bool exists() const;
    /// There is data, and no rewind or clone of it was left half done: it could be started.
    bool is_whole() const;
    /// Whether the data says "standby" (standby.signal): such a server never accepts a write when it starts.
    bool is_standby() const;
    /// initdb with checksums; then `provision` once the server runs as primary.
    Result<void> initialize();
    /// Roles, database, heartbeat table, replication slots; as often as one likes.
    Result<void> provision();
    /// Writes postgresql.conf, pg_hba.conf and what they include. `primary`: whom to follow as a standby.
    Result<void> configure(std::optional<Address> primary);
    Result<void> clone_from(Address primary);
    /// Brings the server's copies of the certificate, its key and the CA up to date, and tells a running server.
    /// Errors: "io.no-file", "io.certificate" (they do not belong together yet), "postgres.connect".
    Result<void> take_certificates();

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
    /// replicated is exported first, to `<data>/stranded/tl<timeline>-<fork>.jsonl`. Ends rewound, cloned or
    /// quarantined, whatever was killed on the way; a half-rewound directory is never started, but cloned anew.
    /// Blocks for as long as copying takes. The server must not run.
    RejoinReport rejoin(Address primary, std::function<void(const std::string&)> progress);

private:
    Result<Connection> admin(Duration limit) const;
    Result<Connection> at(Address server, Duration limit) const;
    /// How the server there is reached, by TLS where we have it; libpq's words (PostgreSQL 15, 34.1.2).
    std::map<std::string, std::string> way_to(const Address& server) const;
    /// The same as a text; the password lies in `<pgconf>/pgpass`.
    std::string conninfo(const Address& server) const;
    Result<void> copy_certificates() const;
    Result<std::string> fencer(const std::string& command, Duration limit) const;
    Result<void> run(std::vector<std::string> argv, Duration limit) const;
    /// `<pgconf>/rejoin.json`: what is under way, written before it begins. The fencer reads it too.
    struct Journal {
        std::string phase;  // "export": the directory is as it was; "rewind", "clone": it may be half done
        std::uint64_t stranded = 0;
        std::string detail;
    };
    Result<void> note(const Journal& journal) const;
    std::optional<Journal> unfinished() const;
    void finished() const;
    Result<void> startable() const;

    /// What a writer's log says about ours.
    struct Lineage {
        std::string system_id;
        bool common = false;  // our history is a part of theirs
        Lsn fork{0};          // where theirs left ours; the end of theirs where it is the same timeline
    };
    Result<Lineage> lineage(Address primary, std::uint32_t our_timeline) const;
    Result<void> recover_alone(const std::vector<std::string>& statements) const;
    Result<std::uint64_t> export_stranded(const Lineage& lineage, std::uint32_t our_timeline) const;
    Result<void> keep_log(std::uint32_t our_timeline) const;
    Result<void> make_standby() const;
    Result<void> rewind(Address primary) const;
    std::string password(const std::string& role) const;

    ClusterOptions options_;
    std::optional<Connection> observer_;
};

}  // namespace cloudshelf::postgres
