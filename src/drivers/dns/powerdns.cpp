#include "drivers/dns/powerdns.hpp"

#include "drivers/dns/errors.hpp"
#include "drivers/dns/packet.hpp"
#include "io/file.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>

namespace cloudshelf::dns {
namespace {

namespace fs = std::filesystem;

constexpr const char* schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";
constexpr std::size_t directory_length_max = 85;  // a socket's path is at most 107 bytes; PowerDNS adds its name

struct DatabaseCloser {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, DatabaseCloser>;

Result<Database> open(const fs::path& path, int flags) {
    sqlite3* raw = nullptr;
    const int status = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    Database database(raw);
    if (status != SQLITE_OK) return fail(errors::prepare(path.string(), sqlite3_errstr(status)));
    sqlite3_busy_timeout(raw, 2000);
    return database;
}

Result<void> execute(sqlite3* database, const std::string& sql) {
    char* problem = nullptr;
    const int status = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &problem);
    const std::string message = problem != nullptr ? problem : "";
    sqlite3_free(problem);
    if (status == SQLITE_OK) return {};
    return fail(errors::prepare(sqlite3_db_filename(database, "main"), message));
}

/// The first column of the first row, or nothing.
std::string one_value(sqlite3* database, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    std::string value;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        const unsigned char* found = sqlite3_column_text(statement, 0);
        if (found != nullptr) value = reinterpret_cast<const char*>(found);
    }
    sqlite3_finalize(statement);
    return value;
}

std::string sql_text(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
    return out + "'";
}

std::string key_sql(const Nameserver& nameserver) {
    return fmt::format(
        "DELETE FROM tsigkeys;\n"
        "INSERT INTO tsigkeys (name, algorithm, secret) VALUES ({0}, 'hmac-sha256', {1});\n"
        "DELETE FROM domainmetadata WHERE kind IN ('TSIG-ALLOW-DNSUPDATE', 'ALLOW-DNSUPDATE-FROM');\n"
        "INSERT INTO domainmetadata (domain_id, kind, content) SELECT id, 'TSIG-ALLOW-DNSUPDATE', {0} FROM domains;\n"
        "INSERT INTO domainmetadata (domain_id, kind, content) SELECT id, 'ALLOW-DNSUPDATE-FROM', {2} FROM domains;\n",
        sql_text(nameserver.key_name),
        sql_text(nameserver.key),
        sql_text(nameserver.update_from)
    );
}

std::string zone_sql(const Nameserver& nameserver, const std::vector<RecordSet>& records) {
    const std::string& zone = nameserver.zone;
    std::string sql = fmt::format("INSERT INTO domains (id, name, type) VALUES (1, {}, 'NATIVE');\n", sql_text(zone));
    const auto insert = [&](const std::string& name, const std::string& type, std::string content, std::uint32_t ttl) {
        // PowerDNS keeps names without the last dot, and texts with their quotes.
        if (type == "TXT") content = "\"" + content + "\"";
        if (type != "TXT" && content.ends_with('.')) content.pop_back();
        const std::string owner = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
        sql += fmt::format(
            "INSERT INTO records (domain_id, name, type, content, ttl, prio, auth) "
            "VALUES (1, lower({}), {}, {}, {}, 0, 1);\n",
            sql_text(owner),
            sql_text(type),
            sql_text(content),
            ttl
        );
    };
    insert(zone, "SOA", fmt::format("ns1.{0} hostmaster.{0} 1 3600 600 604800 1", zone), 3600);
    insert(zone, "NS", "ns1." + zone, 3600);
    insert("ns1." + zone, "A", nameserver.listen.address, 3600);
    insert("_plan." + zone, "TXT", text(Version{}), 0);
    for (const auto& set : records) {
        for (const auto& value : set.values) insert(set.name, set.type, value, set.ttl);
    }
    return sql;
}

std::string settings(const Nameserver& nameserver, const fs::path& database) {
    return fmt::format(
        "launch=gsqlite3\n"
        "gsqlite3-database={database}\n"
        "gsqlite3-pragma-synchronous=2\n"
        "gsqlite3-pragma-foreign-keys=1\n"
        "local-address={address}\n"
        "local-port={port}\n"
        "socket-dir={directory}\n"
        "daemon=no\n"
        "guardian=no\n"
        "dnsupdate=yes\n"
        "allow-dnsupdate-from={from}\n"
        "disable-axfr=yes\n"
        "cache-ttl={cache}\n"
        "query-cache-ttl={cache}\n"
        "negquery-cache-ttl={cache}\n"
        "zone-metadata-cache-ttl=0\n"
        "zone-cache-refresh-interval=0\n"
        "webserver=no\n"
        "api=no\n"
        "version-string=anonymous\n"
        "security-poll-suffix=\n"
        "loglevel=4\n",
        fmt::arg("database", database.string()),
        fmt::arg("address", nameserver.listen.address),
        fmt::arg("port", nameserver.listen.port),
        fmt::arg("directory", nameserver.directory.string()),
        fmt::arg("from", nameserver.update_from),
        fmt::arg("cache", nameserver.cache_seconds)
    );
}

/// Made beside, then renamed: a kill in the middle leaves no half zone.
Result<void> make_zone(
    const Nameserver& nameserver, const std::vector<RecordSet>& records, const fs::path& database_path
) {
    const auto schema_sql = io::read_file(schema);
    if (!schema_sql)
        return fail(errors::prepare(schema, "not readable; install pdns-backend-sqlite3 (make setup does)"));
    const fs::path half = nameserver.directory / "zone.new";
    std::error_code failed;
    fs::remove(half, failed);
    // The mode first: the key is never in a file that others may read.
    if (const auto created = io::replace_file(half, "", 0600); !created) return created;
    {
        const auto database = open(half, SQLITE_OPEN_READWRITE);
        if (!database) return fail(database.error());
        for (const auto& sql :
             {std::string("PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; BEGIN"),
              *schema_sql,
              zone_sql(nameserver, records) + key_sql(nameserver) + "COMMIT"}) {
            if (const auto executed = execute(database->get(), sql); !executed) return executed;
        }
    }
    fs::rename(half, database_path, failed);
    if (failed) return fail(errors::prepare(database_path.string(), failed.message()));
    return {};
}

Result<void> adopt_zone(const Nameserver& nameserver, const fs::path& database_path) {
    const auto database = open(database_path, SQLITE_OPEN_READWRITE);
    if (!database) return fail(database.error());
    const std::string zone = one_value(database->get(), "SELECT name FROM domains");
    if (zone != nameserver.zone) {
        return fail(errors::prepare(
            database_path.string(),
            fmt::format("holds the zone \"{}\", expected \"{}\"; use another folder", zone, nameserver.zone)
        ));
    }
    const std::string found = one_value(
        database->get(),
        "SELECT t.name || ' ' || t.secret || ' ' || m.content FROM tsigkeys t, domainmetadata m "
        "WHERE m.kind = 'ALLOW-DNSUPDATE-FROM'"
    );
    if (found == nameserver.key_name + " " + nameserver.key + " " + nameserver.update_from) return {};
    return execute(database->get(), "BEGIN;\n" + key_sql(nameserver) + "COMMIT");
}

}  // namespace

Result<void> prepare(const Nameserver& nameserver, const std::vector<RecordSet>& records) {
    const std::string directory = nameserver.directory.string();
    if (!nameserver.directory.is_absolute() || directory.size() > directory_length_max ||
        directory.find_first_of("#\n") != std::string::npos) {
        return fail(errors::prepare(
            directory, fmt::format("expected an absolute path of at most {} bytes without '#'", directory_length_max)
        ));
    }
    if (const auto checked = check(nameserver.zone, records); !checked) return checked;
    std::error_code failed;
    fs::create_directories(nameserver.directory, failed);
    if (!failed) fs::permissions(nameserver.directory, fs::perms::owner_all, failed);
    if (failed) return fail(errors::prepare(directory, failed.message()));
    const fs::path database = nameserver.directory / "zone.db";
    const auto written = io::replace_file(nameserver.directory / "pdns.conf", settings(nameserver, database), 0600);
    if (!written) return written;
    if (fs::exists(database)) return adopt_zone(nameserver, database);
    return make_zone(nameserver, records, database);
}

std::vector<std::string> command_line(const Nameserver& nameserver) {
    return {"/usr/sbin/pdns_server", "--config-dir=" + nameserver.directory.string()};
}

}  // namespace cloudshelf::dns
