#pragma once

#include "drivers/dns/dns.hpp"
#include "io/clock.hpp"
#include "region/agent/config.hpp"

#include <vector>

namespace cloudshelf::region {

/// The site's own nameserver as its agent sees it: nobody else changes it.
class Names {
public:
    explicit Names(DnsConfig config) : config_(std::move(config)) {}

    /// What the zone says: after a start, nobody remembers.
    io::Task<void> learn();
    /// Brings the zone to `version` with these records. Errors: "dns.stale-epoch", those of dns::apply.
    io::Task<Result<void>> change(dns::Version version, std::vector<dns::RecordSet> records, io::Deadline deadline);
    /// Points the serving names at the other region, one change beyond what the zone says. For a region that may not
    /// write and hears from nobody: whoever still asks this nameserver is better served there.
    io::Task<Result<void>> send_away(io::Deadline deadline);

    dns::Version version() const { return version_; }
    /// The names point away by `send_away`, not because the controller wanted it.
    bool sent_away() const { return sent_away_; }

private:
    dns::Server server() const;

    DnsConfig config_;
    dns::Version version_;
    bool sent_away_ = false;
    bool changing_ = false;
};

}  // namespace cloudshelf::region
