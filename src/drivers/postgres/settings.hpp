#pragma once

#include "drivers/postgres/options.hpp"

#include <string>

namespace cloudshelf::postgres {

// The server's own copies in `<pgconf>`, which it reads when told to.
inline constexpr const char* certificate_copy = "server.crt";
inline constexpr const char* key_copy = "server.key";
inline constexpr const char* authority_copy = "ca.crt";

/// `<pgconf>/postgresql.conf`; it includes synchronous.conf and replication.conf, which change with the role.
std::string server_settings(const ClusterOptions& options);
/// `<pgconf>/pg_hba.conf`: who may come, and how (PostgreSQL 15, 21.1). The gateway beside the server may speak plainly
/// to it; whoever comes from elsewhere uses TLS, and the other region's server, which gets everything, shows a
/// certificate too.
std::string access_rules(bool tls);
/// `<pgconf>/replication.conf` of a standby. `conninfo`: the way to its primary.
std::string replication_settings(const RegionName& region, const std::string& conninfo);
/// `<pgconf>/synchronous.conf`: whom a commit waits for that asks for it; empty: for nobody.
std::string synchronous_settings(const std::string& names);

/// `<pgdata>/postgresql.conf`: a server started by hand, without the fencer, reads this and refuses.
inline constexpr const char* refusing_configuration =
    "# This server is started by its fencer only, which proves first that the region may write.\n"
    "only_the_fencer_starts_this_server = 'see docs/operations/postgresql.md'\n";

}  // namespace cloudshelf::postgres
