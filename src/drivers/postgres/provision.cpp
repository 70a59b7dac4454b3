#include "drivers/postgres/provision.hpp"

#include "drivers/postgres/queries.hpp"
#include "drivers/postgres/slots.hpp"

#include <fmt/format.h>

namespace cloudshelf::postgres {
namespace {

using namespace std::chrono_literals;

Result<void> make_role(Connection& server, const char* name, const char* attributes, const std::string& password) {
    const auto known = server.execute("SELECT 1 FROM pg_roles WHERE rolname = $1", {name});
    if (!known) return fail(known.error());
    if (!known->rows.empty()) return {};
    // A statement of this kind takes no parameters; the password is hexadecimal, made by us.
    return tell(server, fmt::format("CREATE ROLE {} LOGIN {} PASSWORD '{}'", name, attributes, password));
}

/// What pg_rewind reads its source with (pg_rewind, "Notes"), and the checkpoint that a rewind needs before.
Result<void> allow_rewinds(Connection& server) {
    for (const char* function :
         {"pg_ls_dir(text, boolean, boolean)",
          "pg_stat_file(text, boolean)",
          "pg_read_binary_file(text)",
          "pg_read_binary_file(text, bigint, bigint, boolean)",
          "pg_read_file(text)"}) {
        const auto granted =
            tell(server, fmt::format("GRANT EXECUTE ON FUNCTION pg_catalog.{} TO replicator", function));
        if (!granted) return granted;
    }
    return tell(server, "GRANT pg_checkpoint TO replicator");
}

}  // namespace

Result<void> provision(const Access& access, const RegionName& peer) {
    auto server = access.admin("postgres", 5s);
    if (!server) return fail(server.error());
    // A statement that fails is logged with its text, and these hold passwords.
    const auto quiet = tell(*server, "SET log_min_error_statement = panic; SET log_statement = none");
    if (!quiet) return quiet;
    const auto replicator = make_role(*server, "replicator", "REPLICATION", access.password("replicator"));
    if (!replicator) return replicator;
    const auto bookstore = make_role(*server, "bookstore", "NOSUPERUSER", access.password("bookstore"));
    if (!bookstore) return bookstore;
    if (const auto allowed = allow_rewinds(*server); !allowed) return allowed;
    const auto database = server->execute("SELECT 1 FROM pg_database WHERE datname = 'cloudshelf'");
    if (!database) return fail(database.error());
    if (database->rows.empty()) {
        if (const auto made = tell(*server, "CREATE DATABASE cloudshelf OWNER bookstore"); !made) return made;
    }
    auto shop = access.admin("cloudshelf", 5s);
    if (!shop) return fail(shop.error());
    const auto heartbeat = tell(
        *shop,
        "CREATE SCHEMA IF NOT EXISTS cloudshelf;"
        "CREATE TABLE IF NOT EXISTS cloudshelf.heartbeat (id int PRIMARY KEY, at timestamptz NOT NULL);"
        "GRANT USAGE ON SCHEMA cloudshelf TO replicator; GRANT SELECT ON cloudshelf.heartbeat TO replicator"
    );
    if (!heartbeat) return heartbeat;
    return make_slots(*shop, peer);
}

Result<void> maintain(const Access& access, const RegionName& peer) {
    auto shop = access.admin("cloudshelf", 2s, "-c statement_timeout=5000");
    if (!shop) return fail(shop.error());
    const auto beat = tell(
        *shop,
        "INSERT INTO cloudshelf.heartbeat VALUES (1, clock_timestamp()) ON CONFLICT (id) DO UPDATE SET at = excluded.at"
    );
    if (!beat) return beat;
    if (const auto remade = remake_lost_slots(*shop, peer); !remade) return remade;
    return advance_stranded_slot(*shop, peer);
}

}  // namespace cloudshelf::postgres
