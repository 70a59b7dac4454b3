#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/plan.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cloudshelf::twin {

/// Ports are the same at every site, so that the same port means the same service everywhere (docs/architecture.md).
struct Ports {
    static constexpr std::uint16_t gateway = 8080;
    static constexpr std::uint16_t tables = 8000;
    static constexpr std::uint16_t objects = 9000;
    static constexpr std::uint16_t functions = 9001;
    static constexpr std::uint16_t edge = 8081;
    static constexpr std::uint16_t edge_tls = 8443;
    static constexpr std::uint16_t agent = 7400;
    static constexpr std::uint16_t controller = 7300;
    static constexpr std::uint16_t postgres = 5432;
    static constexpr std::uint16_t dns = 5300;
    static constexpr std::uint16_t processor_first = 9301;
    static constexpr std::uint16_t network = 7500;
    static constexpr std::uint16_t etcd = 2379;
    static constexpr std::uint16_t etcd_peer = 2380;
};

enum class SiteKind { region, witness, world };

struct Site {
    RegionName name;
    SiteKind kind = SiteKind::region;
    int number = 0;
    std::string address;              // 127.<base + number>.0.1
    std::filesystem::path directory;  // <twin>/<name>
};

/// Where everything of a twin is. Computed: plan + directory + network base always give the same, and `single` as long
/// as the twin exists.
struct Layout {
    std::filesystem::path directory;
    int network_base = 0;
    bool single = false;  // one controller with SQLite at the witness, instead of one at each site on etcd
    core::Plan plan;
    Site primary;  // by the plan: the home of the writer
    Site standby;
    Site witness;
    Site world;  // outside every region: payment processors

    std::filesystem::path secrets() const { return directory / "secrets"; }
    /// What the controller of a site keeps.
    std::filesystem::path controller(const Site& site) const { return site.directory / "controller"; }
    /// The sites with a controller; the one that should lead first.
    std::vector<Site> controllers() const;
    std::vector<Site> sites() const { return {primary, standby, witness, world}; }
    std::vector<Site> regions() const { return {primary, standby}; }
    /// The sites that links join; the outside world reaches every site directly.
    std::vector<Site> linked() const { return {primary, standby, witness}; }
    /// The address at which `from` reaches `to`: that of the relay between them, 127.<base + from>.1.<to>; its own to
    /// itself.
    std::string road(const Site& from, const Site& to) const;
    /// The address of the proxy through which a site reaches the others by their names, 127.<base + site>.1.<site>.
    std::string proxy(const Site& site) const;
    /// By name. Errors: "twin.no-region", naming those there are.
    Result<Site> region(const std::string& name) const;
    /// The same, the witness included.
    Result<Site> site(const std::string& name) const;
    std::string nameservers() const;  // "127.1.0.1:5300,…", for `cloudshelf shop`
};

/// Below it buckets are names: "s3.cloudshelf.com".
std::string object_domain(const Layout& layout);
/// The name that a region knows a bucket's website by.
std::string website_host(const Layout& layout, const std::string& bucket, const RegionName& region);

/// Errors: "twin.bad-network-base", "twin.plan-shape" (no primary, standby and witness).
Result<Layout> lay_out(std::filesystem::path directory, int network_base, core::Plan plan);

/// A folder that PostgreSQL's user can reach: `wanted`, or, as root with a private folder on the way, one under
/// /var/tmp that `wanted` then links to.
Result<std::filesystem::path> reachable_directory(const std::filesystem::path& wanted);

/// The user that PostgreSQL runs as when we are root; empty otherwise.
std::string postgres_user();

}  // namespace cloudshelf::twin
