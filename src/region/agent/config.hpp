#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/lease.hpp"
#include "drivers/postgres/options.hpp"
#include "io/http.hpp"
#include "io/tls.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::region {

/// The other region.
struct Peer {
    RegionName region;
    io::Endpoint agent;
    postgres::Address postgres;
};

/// The site's nameserver.
struct DnsConfig {
    io::Endpoint server;
    std::string zone;
    std::string key_name;
    std::string key;
    std::vector<std::string> serving;  // names that point at the serving region; empty at the witness
    std::string away;                  // the other region's public address
    std::uint32_t ttl = 60;
};

enum class SyncPolicy { block, degrade };

/// `cloudshelf-region agent --config FILE`, a JSON document (docs/architecture.md).
struct AgentConfig {
    std::string application;
    RegionName region;
    bool witness = false;  // a nameserver and a vantage, nothing else
    io::Endpoint listen;
    struct Controller {
        std::string site;
        io::Endpoint endpoint;
    };
    std::vector<Controller> controllers;  // in the order in which they are asked first
    std::shared_ptr<io::TlsContext> tls;
    std::string site_token;
    core::LeaseTerms terms;
    Duration probe_interval{};
    Duration probe_timeout{};
    SyncPolicy sync_policy = SyncPolicy::degrade;
    std::filesystem::path data;
    std::filesystem::path lease_page;
    std::optional<Peer> peer;
    std::map<std::string, io::Endpoint> gateways;  // by region
    std::optional<postgres::ClusterOptions> postgres;
    DnsConfig dns;

    /// How the other sites' agents and the controller are called.
    io::HttpClient::Options calls() const;
};

/// Errors: "agent.config", naming the field.
Result<AgentConfig> load_agent_config(const std::filesystem::path& path);

}  // namespace cloudshelf::region
