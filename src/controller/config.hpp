#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "controller/health.hpp"
#include "core/backup_schedule.hpp"
#include "core/lease.hpp"
#include "core/move_policy.hpp"
#include "core/plan.hpp"
#include "drivers/tables/client.hpp"
#include "io/http.hpp"
#include "io/tls.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::controller {

enum class Role { viewer, operator_, approver, site };

struct ApiToken {
    std::string sha256;
    Role role = Role::viewer;
    std::string name;
};

/// A bucket's website: where it is asked, and by which name.
struct Website {
    io::Endpoint endpoint;
    std::string host;
};

/// A site of an application: one of its regions, or its witness.
struct SiteConfig {
    RegionName region;
    bool witness = false;
    io::Endpoint agent;
    io::Endpoint gateway;  // of a region, as this controller reaches it
    io::Endpoint front;    // the same as customers reach it: what the public names answer
    io::Endpoint nameserver;
    std::optional<tables_client::Client::Options> tables;  // of a region; absent: they are not looked at
    std::optional<Website> website;                        // the static site's, in a region
};

/// How a table is backed up.
struct TableBackupConfig {
    std::string table;
    core::TableBackup backup;
};

/// One application: a plan's facts as the control plane needs them.
struct ApplicationConfig {
    std::string name;
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
    std::vector<HealthChecker::Check> checks;
    std::vector<std::string> tables;  // the plan's, behind DynamoDB's API in each region
    std::vector<TableBackupConfig> table_backups;

    std::string lease_key() const { return "app/" + name + "/lease"; }
    /// Unique among all applications: "cloudshelf/primary".
    core::CheckName check_name(const core::CheckName& check) const {
        return core::CheckName(name + "/" + check.value());
    }
    const SiteConfig* site(const RegionName& region) const;
    /// The region that is not this one.
    const SiteConfig* other(const RegionName& region) const;
};

/// A controller at another site.
struct PeerConfig {
    RegionName site;
    io::Endpoint endpoint;
};

/// Where state and journal are: an etcd cluster with a member at each site, or a SQLite file for a controller alone.
struct StoreConfig {
    struct Member {
        RegionName site;
        io::Endpoint endpoint;
    };
    std::vector<Member> etcd;  // empty: SQLite, in the controller's data folder
    io::TlsIdentity identity;  // to etcd, whose CA is its own
    Duration try_limit = std::chrono::milliseconds(500);
};

/// What a controller allows at once; a machine of 256 MiB wants less (for_small_machine).
struct Limits {
    std::size_t connections_max = 1000;
    std::size_t body_bytes_max = 2 << 20;  // of a request: a page of a journal that is restored
    std::size_t journal_page = 500;        // entries read at once, and, of an answer, their bytes
    std::size_t journal_page_bytes = 2 << 20;

    static Limits for_small_machine() {
        return {.connections_max = 100, .body_bytes_max = 1 << 20, .journal_page = 50, .journal_page_bytes = 512 << 10};
    }
};

struct ControllerConfig {
    RegionName site;  // where this controller runs
    io::Endpoint listen;
    std::filesystem::path data;
    std::vector<ApiToken> tokens;
    std::shared_ptr<io::TlsContext> tls;
    std::string site_token;
    StoreConfig store;
    std::vector<PeerConfig> peers;  // the controllers at the other sites
    std::vector<ApplicationConfig> applications;
    Limits limits;

    /// How agents and other controllers are called.
    io::HttpClient::Options calls() const;
    /// Of the leader's lease: as quick as the quickest application wants it.
    core::LeaseTerms leader_terms() const;
};

/// Errors: "controller.config", naming what is wrong.
Result<ControllerConfig> load_controller_config(const std::filesystem::path& path);

}  // namespace cloudshelf::controller
