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
};

/// Writes the configuration, and the zone with these records at version epoch 0 when there is none yet.
/// Errors: "dns.prepare".
Result<void> prepare(const Nameserver& nameserver, const std::vector<RecordSet>& records);

/// What to start.
std::vector<std::string> command_line(const Nameserver& nameserver);

}  // namespace cloudshelf::dns
