#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/lease.hpp"
#include "core/move_policy.hpp"
#include "core/plan.hpp"
#include "io/http.hpp"
#include "io/tls.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cloudshelf::controller {

enum class Role { viewer, operator_, approver, site };

struct ApiToken {
    std::string sha256;
    Role role = Role::viewer;
    std::string name;
};

struct SiteConfig {
    RegionName region;
    bool witness = false;
    io::Endpoint agent;
    io::Endpoint gateway;  // of a region, as this controller reaches it
    io::Endpoint front;    // the same as customers reach it: what the public names answer
    io::Endpoint nameserver;
};

struct ControllerConfig {
    std::string application;
    io::Endpoint listen;
    std::filesystem::path data;
    std::vector<ApiToken> tokens;
    std::shared_ptr<io::TlsContext> tls;
    std::string site_token;
    std::vector<SiteConfig> sites;
    RegionName home;  // where the writer belongs
    core::LeaseTerms terms;
    Duration probe_interval{};
    Duration probe_timeout{};
    int failure_threshold = 3;
    core::MoveRules rules;
    Duration moves_window = std::chrono::hours(1);
    core::Procedure failover;  // the plan's procedures
    core::Procedure failback;
    std::string zone;
    std::vector<std::string> serving_names;  // point at the serving region
    std::vector<std::string> standby_names;  // point at the other one
    std::uint32_t ttl = 60;

    /// How the sites' agents are called.
    io::HttpClient::Options calls() const;
    const SiteConfig* site(const RegionName& region) const;
    /// The region that is not this one.
    const SiteConfig* other(const RegionName& region) const;
};

/// Errors: "controller.config", naming what is wrong.
Result<ControllerConfig> load_controller_config(const std::filesystem::path& path);

}  // namespace cloudshelf::controller
