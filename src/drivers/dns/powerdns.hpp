#pragma once

#include "drivers/dns/dns.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace cloudshelf::dns {

/// One site's PowerDNS Authoritative 4.7 with a SQLite database of its own.
struct Nameserver {
    std::filesystem::path directory;  // pdns.conf and zone.db lie here
    io::Endpoint listen;
    std::string zone;
    std::string key_name;
    std::string key;  // base64
    /// Seconds that PowerDNS may answer from its caches. Above 0 an answer may be stale after a change for as long.
    int cache_seconds = 0;
    std::string update_from = "127.0.0.0/8";  // networks that may send updates, beside having the key
};

/// Writes the configuration, and the zone with these records at version "epoch=0 change=0" when there is none yet. A
/// zone that exists keeps its records; its key becomes this one. Needs no rights but to write to `directory`, which
/// becomes 0700. Blocks for some milliseconds. Errors: "dns.prepare", "dns.bad-record", "dns.empty".
Result<void> prepare(const Nameserver& nameserver, const std::vector<RecordSet>& records);

/// What to start: stays in the foreground, ends by SIGTERM, carries no secret in its arguments.
std::vector<std::string> command_line(const Nameserver& nameserver);

}  // namespace cloudshelf::dns
