#include "drivers/dns/powerdns.hpp"

#include "io/file.hpp"
#include "io/process.hpp"

#include <fmt/format.h>

namespace cloudshelf::dns {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
    return out + "'";
}

std::string zone_sql(const Nameserver& nameserver, const std::vector<RecordSet>& records) {
    const std::string& zone = nameserver.zone;
    std::string sql = fmt::format(
        "PRAGMA journal_mode=WAL;\n.read {}\nBEGIN;\n"
        "INSERT INTO domains (name, type) VALUES ({}, 'NATIVE');\n",
        schema,
        quoted(zone)
    );
    const auto insert = [&](const std::string& name, const char* type, const std::string& content, std::uint32_t ttl) {
        sql += fmt::format(
            "INSERT INTO records (domain_id, name, type, content, ttl, prio, auth) VALUES (1, {}, '{}', {}, {}, 0, "
            "1);\n",
            quoted(name),
            type,
            quoted(content),
            ttl
        );
    };
    insert(zone, "SOA", fmt::format("ns1.{0} hostmaster.{0} 1 3600 600 604800 1", zone), 3600);
    insert(zone, "NS", "ns1." + zone, 3600);
    insert("ns1." + zone, "A", nameserver.listen.address, 3600);
    insert("_plan." + zone, "TXT", "\"epoch=0 change=0\"", 0);
    for (const auto& set : records) {
        for (const auto& value : set.values) insert(set.name, set.type.c_str(), value, set.ttl);
    }
    sql += fmt::format(
        "INSERT INTO tsigkeys (name, algorithm, secret) VALUES ({0}, 'hmac-sha256', {1});\n"
        "INSERT INTO domainmetadata (domain_id, kind, content) VALUES (1, 'TSIG-ALLOW-DNSUPDATE', {0});\n"
        "INSERT INTO domainmetadata (domain_id, kind, content) VALUES (1, 'ALLOW-DNSUPDATE-FROM', '127.0.0.0/8');\n"
        "COMMIT;\n",
        quoted(nameserver.key_name),
        quoted(nameserver.key)
    );
    return sql;
}

}  // namespace

Result<void> prepare(const Nameserver& nameserver, const std::vector<RecordSet>& records) {
    std::error_code failed;
    fs::create_directories(nameserver.directory, failed);
    fs::permissions(nameserver.directory, fs::perms::owner_all, failed);
    const fs::path database = nameserver.directory / "zone.db";
    const std::string settings = fmt::format(
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
        "allow-dnsupdate-from=127.0.0.0/8\n"
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
        fmt::arg("cache", nameserver.cache_seconds)
    );
    if (const auto written = io::replace_file(nameserver.directory / "pdns.conf", settings, 0600); !written)
        return written;
    if (fs::exists(database)) return {};
    // Made beside, then renamed: a kill in the middle leaves no half zone.
    const fs::path half = nameserver.directory / "zone.new";
    const fs::path script = nameserver.directory / "zone.sql";
    fs::remove(half, failed);
    if (const auto written = io::replace_file(script, zone_sql(nameserver, records), 0600); !written) return written;
    io::SpawnOptions sqlite;
    sqlite.argv = {"sqlite3", "-bail", "-batch", half, ".read " + script.string()};
    const auto output = io::run(sqlite, 30s);
    fs::remove(script, failed);
    if (!output) return fail(output.error());
    if (output->status != 0)
        return fail("dns.prepare", fmt::format("sqlite3 ended with status {}: {}", output->status, output->err));
    fs::permissions(half, fs::perms(0600), failed);
    fs::rename(half, database, failed);
    if (failed) return fail("dns.prepare", fmt::format("{}: {}", database.string(), failed.message()));
    return {};
}

std::vector<std::string> command_line(const Nameserver& nameserver) {
    return {"/usr/sbin/pdns_server", "--config-dir=" + nameserver.directory.string()};
}

}  // namespace cloudshelf::dns
