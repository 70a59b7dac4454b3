#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "core/lease_record.hpp"
#include "drivers/postgres/access.hpp"
#include "drivers/postgres/configuration.hpp"
#include "drivers/postgres/options.hpp"
#include "drivers/postgres/rejoin.hpp"
#include "drivers/postgres/rejoin_journal.hpp"

#include <functional>
#include <optional>
#include <string>

namespace cloudshelf::postgres {

/// One local PostgreSQL data directory and its server, which only the fencer starts and stops. All calls block: run
/// them in a BlockingPool, one at a time. Whoever looks at the server has an Observer beside it.
class Cluster {
public:
    explicit Cluster(ClusterOptions options);
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

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
    /// On the primary, every second or so: the heartbeat row, and the slots.
    Result<void> maintain();

    /// Makes this server, stopped, a standby of `primary`, whatever it was before. What it committed and never
    /// replicated is exported first, to `<data>/stranded/tl<timeline>-<fork>.jsonl`. Ends rewound, cloned or
    /// quarantined, whatever was killed on the way; a half-rewound directory is never started, but cloned anew.
    /// Blocks for as long as copying takes. The server must not run.
    RejoinReport rejoin(Address primary, std::function<void(const std::string&)> progress);

private:
    Result<std::string> fencer(const std::string& command, Duration limit) const;

    ClusterOptions options_;
    Access access_;
    Configuration configuration_;
    RejoinJournal journal_;
};

}  // namespace cloudshelf::postgres
