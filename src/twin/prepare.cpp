#include "twin/prepare.hpp"

#include "base/assert.hpp"
#include "base/digest.hpp"
#include "drivers/dns/powerdns.hpp"
#include "io/file.hpp"
#include "twin/certificates.hpp"
#include "twin/controllers.hpp"
#include "twin/functions.hpp"
#include "twin/network.hpp"
#include "twin/site.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <openssl/rand.h>

#include <unistd.h>

namespace cloudshelf::twin {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::string random_hex() {
    unsigned char bytes[32];
    CLOUDSHELF_ASSERT(RAND_bytes(bytes, sizeof bytes) == 1);
    return sha256_hex({reinterpret_cast<const char*>(bytes), sizeof bytes});
}

/// A secret of the twin: made once, readable by its owner only.
Result<void> secret(const fs::path& path, const std::string& content) {
    if (fs::exists(path)) return {};
    return io::replace_file(path, content, 0600);
}

std::int64_t ms(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::string at(const Site& site, std::uint16_t port) {
    return fmt::format("{}:{}", site.address, port);
}

/// The same port as `from` reaches it.
std::string at(const Layout& layout, const Site& from, const Site& to, std::uint16_t port) {
    return fmt::format("{}:{}", layout.road(from, to), port);
}

/// Users and what they may do.
using Permissions = std::vector<std::pair<std::string, std::string>>;

/// Keys of a service: each user has a file of its own, the service knows all of them.
Result<void> make_keys(const Layout& layout, const std::string& service, const Permissions& users) {
    std::string all;
    for (const auto& [profile, permission] : users) {
        const fs::path path = layout.secrets() / fmt::format("{}-{}.credentials", service, profile);
        const auto key = fmt::format(
            "[{0}]\naws_access_key_id = CS{1}\naws_secret_access_key = {2}\ncloudshelf_permissions = {3}\n",
            profile,
            random_hex().substr(0, 18),
            random_hex(),
            permission
        );
        if (const auto made = secret(path, key); !made) return made;
        const auto kept = io::read_file(path);
        if (!kept) return fail(kept.error());
        all += *kept;
    }
    return io::replace_file(layout.secrets() / (service + ".credentials"), all, 0600);
}

/// The bookstore's key writes items; the controller's makes backups, the operator's tables.
Result<void> make_table_keys(const Layout& layout) {
    return make_keys(layout, "tables", {{"bookstore", "write"}, {"controller", "admin"}, {"operator", "admin"}});
}

/// The gateway's key invokes, the controller's too; the operator's deploys.
Result<void> make_function_keys(const Layout& layout) {
    return make_keys(layout, "functions", {{"gateway", "write"}, {"controller", "write"}, {"operator", "admin"}});
}

/// The keys of the objects: the controller's reads, the operator's publishes the site and makes buckets.
Result<void> make_object_keys(const Layout& layout) {
    return make_keys(layout, "objects", {{"controller", "read"}, {"operator", "admin"}});
}

Result<void> make_secrets(const Layout& layout) {
    std::error_code failed;
    fs::create_directories(layout.secrets(), failed);
    fs::permissions(layout.secrets(), fs::perms(0711), failed);  // PostgreSQL's user reads its own password files
    for (const char* name :
         {"site.token",
          "operator.token",
          "second.token",
          "viewer.token",
          "session.key",
          "tsig.secret",
          "tables-log.secret",
          "objects-log.secret",
          "refresh.secret"}) {
        if (const auto made = secret(layout.secrets() / name, random_hex()); !made) return made;
    }
    for (const char* role : {"admin", "replicator", "bookstore"}) {
        const fs::path path = layout.secrets() / fmt::format("postgres-{}.password", role);
        if (const auto made = secret(path, random_hex().substr(0, 32)); !made) return made;
    }
    if (const auto made = make_table_keys(layout); !made) return made;
    if (const auto made = make_object_keys(layout); !made) return made;
    if (const auto made = make_function_keys(layout); !made) return made;
    const auto token = [&](const char* name) { return io::read_file(layout.secrets() / name).value_or(""); };
    const json::array tokens{
        {{"token_sha256", sha256_hex(token("site.token"))}, {"role", "site"}, {"name", "sites"}},
        {{"token_sha256", sha256_hex(token("operator.token"))}, {"role", "approver"}, {"name", "operator"}},
        {{"token_sha256", sha256_hex(token("second.token"))}, {"role", "approver"}, {"name", "second"}},
        {{"token_sha256", sha256_hex(token("viewer.token"))}, {"role", "viewer"}, {"name", "viewer"}},
    };
    return io::replace_file(layout.secrets() / "api-tokens.json", json::serialize(tokens), 0600);
}

/// The agent's configuration (docs/architecture.md, "Addresses" and "Files of a site").
json::object agent_config(const Layout& layout, const Site& site) {
    const bool witness = site.kind == SiteKind::witness;
    json::object config{
        {"application", layout.plan.application.name},
        {"region", site.name.value()},
        {"witness", witness},
        {"listen", at(site, Ports::agent)},
        {"controllers", controllers_for(layout, site)},
        {"tls", tls_of(layout, site)},
        {"site_token_file", (layout.secrets() / "site.token").string()},
        {"timing", timing_of(layout)},
        {"sync_policy", layout.plan.databases.at(0).sync_policy == core::SyncPolicy::block ? "block" : "degrade"},
        {"data_dir", (site.directory / "agent").string()},
        {"gateways",
         {{layout.primary.name.value(), at(layout, site, layout.primary, Ports::gateway)},
          {layout.standby.name.value(), at(layout, site, layout.standby, Ports::gateway)}}},
        {"dns",
         {{"server", at(site, Ports::dns)},
          {"zone", layout.plan.traffic.zone},
          {"key_name", "cloudshelf"},
          {"key_file", (layout.secrets() / "tsig.secret").string()}}},
    };
    if (witness) return config;
    const Site& peer = site.name == layout.primary.name ? layout.standby : layout.primary;
    config["peer"] = json::object{
        {"region", peer.name.value()},
        {"agent", at(layout, site, peer, Ports::agent)},
        {"postgres", at(layout, site, peer, Ports::postgres)}
    };
    json::array serving;
    for (const auto& name : layout.plan.traffic.names) {
        if (name.points_to == core::PointsTo::serving) serving.push_back(json::string(name.name));
    }
    auto& dns = config["dns"].as_object();
    dns["serving"] = std::move(serving);
    dns["away"] = peer.address;
    dns["ttl_s"] = std::chrono::duration_cast<std::chrono::seconds>(layout.plan.timing.dns_ttl).count();
    config["lease_page"] = (site.directory / "lease.page").string();
    config["fencer_socket"] = (site.directory / "fencer.sock").string();
    config["postgres"] = json::object{
        {"bin", postgres_programs},
        {"pgdata", (site.directory / "pgdata").string()},
        {"pgconf", (site.directory / "pgconf").string()},
        {"socket_dir", (site.directory / "pgsocket").string()},
        {"address", site.address},
        {"port", Ports::postgres},
        {"user", postgres_user()},
        {"secrets", layout.secrets().string()},
    };
    return config;
}

/// The carts' and sessions' tables, which follow the other region's log over the link between the two.
Program tables(const Layout& layout, const UpOptions& options, const Site& site) {
    const Site& other = site.name == layout.primary.name ? layout.standby : layout.primary;
    return {
        .name = "tables",
        .argv =
            {
                options.programs / "cloudshelf-region",
                "tables",
                "--listen",
                at(site, Ports::tables),
                "--region",
                site.name.value(),
                "--data",
                site.directory / "tables",
                "--credentials",
                layout.secrets() / "tables.credentials",
                "--log-secret",
                layout.secrets() / "tables-log.secret",
                "--peer",
                fmt::format("{}=http://{}", other.name.value(), at(layout, site, other, Ports::tables)),
            },
    };
}

/// The buckets, which follow the other region's log over the link between the two.
Program objects(const Layout& layout, const UpOptions& options, const Site& site) {
    const Site& other = site.name == layout.primary.name ? layout.standby : layout.primary;
    Program program{
        .name = "objects",
        .argv =
            {
                options.programs / "cloudshelf-region",
                "objects",
                "--listen",
                at(site, Ports::objects),
                "--region",
                site.name.value(),
                "--data",
                site.directory / "objects",
                "--keys",
                layout.secrets() / fmt::format("objects-{}.keys", site.name.value()),
                "--domain",
                object_domain(layout),
                "--credentials",
                layout.secrets() / "objects.credentials",
                "--log-secret",
                layout.secrets() / "objects-log.secret",
                "--peer",
                fmt::format("{}=http://{}", other.name.value(), at(layout, site, other, Ports::objects)),
            },
    };
    for (const auto& bucket : layout.plan.buckets) {
        if (bucket.replica_region != site.name || bucket.replica_key.empty()) continue;
        program.argv.insert(
            program.argv.end(), {"--kms-key", bucket.replica_key.substr(bucket.replica_key.rfind('/') + 1)}
        );
    }
    return program;
}

/// The edge, in the world outside: it reaches every region directly, as customers do.
json::object edge_config(const Layout& layout) {
    const core::Edge& edge = *layout.plan.edge;
    const auto bucket = std::ranges::find(layout.plan.buckets, edge.bucket, &core::Bucket::name);
    const auto origin = [&layout](const std::string& name, const RegionName& region) {
        const Site& site = region == layout.primary.name ? layout.primary : layout.standby;
        return json::object{{"endpoint", at(site, Ports::objects)}, {"host", website_host(layout, name, region)}};
    };
    const auto certificate = edge_certificate(layout);
    return {
        {"folder", (layout.world.directory / "edge").string()},
        {"address", layout.world.address},
        {"http_port", Ports::edge},
        {"tls_port", Ports::edge_tls},
        {"certificate_file", certificate.certificate.string()},
        {"key_file", certificate.key.string()},
        {"server_name", edge.name},
        {"primary", origin(bucket->name, bucket->region)},
        {"replica", origin(bucket->replica, bucket->replica_region)},
        {"failover_statuses", json::value_from(edge.failover_statuses)},
        {"connect_timeout_ms", ms(edge.connect_timeout)},
        {"read_timeout_ms", ms(edge.read_timeout)},
        {"dead_for_ms", ms(edge.dead_for)},
        {"refresh_secret_file", (layout.secrets() / "refresh.secret").string()},
    };
}

json::object gateway_config(const Layout& layout, const Site& site, const UpOptions& options) {
    json::array databases;
    json::array table_servers;
    const Site& other = site.name == layout.primary.name ? layout.standby : layout.primary;
    for (const Site& region : {site, other}) {
        databases.push_back(
            {{"region", region.name.value()}, {"host", layout.road(site, region)}, {"port", Ports::postgres}}
        );
        table_servers.push_back({{"region", region.name.value()}, {"address", at(layout, site, region, Ports::tables)}}
        );
    }
    // Plain to the database of its own region, which is next to it; by TLS to the other one's.
    auto& far = databases.at(1).as_object();
    far["certificate_name"] = io::site_host_name(other.name.value());
    far["ca_file"] = identity_of(layout, site.name.value()).ca_file.string();
    json::object config{
        {"listen", at(site, Ports::gateway)},
        {"region", site.name.value()},
        {"lease_page", (site.directory / "lease.page").string()},
        {"databases", std::move(databases)},
        {"database",
         {{"name", "cloudshelf"},
          {"user", "bookstore"},
          {"password_file", (layout.secrets() / "postgres-bookstore.password").string()}}},
        {"processors",
         {fmt::format("{}:{}", layout.world.address, Ports::processor_first),
          fmt::format("{}:{}", layout.world.address, Ports::processor_first + 1)}},
        {"tables",
         {{"servers", std::move(table_servers)},
          {"credentials_file", (layout.secrets() / "tables-bookstore.credentials").string()}}},
        {"session_key_file", (layout.secrets() / "session.key").string()},
        {"workers", 24},
        {"access_log", !options.quiet_gateways},
    };
    if (has_functions(layout)) config["functions"] = function_routes(layout, site);
    return config;
}

Result<std::string> write_config(const Site& site, const char* name, const json::object& config) {
    const fs::path path = site.directory / name;
    if (const auto written = io::replace_file(path, json::serialize(config), 0600); !written)
        return fail(written.error());
    return path.string();
}

/// Where a public name points before anything has moved.
const Site& target_of(const Layout& layout, const core::PublicName& name) {
    switch (name.points_to) {
        case core::PointsTo::serving:
            return layout.primary;
        case core::PointsTo::standby:
            return layout.standby;
        case core::PointsTo::edge:
            return layout.world;
    }
    return layout.primary;
}

Result<Program> nameserver(const Layout& layout, const Site& site) {
    const auto key = io::read_file(layout.secrets() / "tsig.secret");
    if (!key) return fail(key.error());
    const dns::Nameserver server{
        .directory = site.directory / "dns",
        .listen = {site.address, Ports::dns},
        .zone = layout.plan.traffic.zone,
        .key_name = "cloudshelf",
        .key = *key,
    };
    std::vector<dns::RecordSet> records;
    const auto ttl = static_cast<std::uint32_t>(layout.plan.timing.dns_ttl / std::chrono::seconds(1));
    for (const auto& name : layout.plan.traffic.names) {
        records.push_back({.name = name.name, .type = "A", .ttl = ttl, .values = {target_of(layout, name).address}});
    }
    if (const auto prepared = dns::prepare(server, records); !prepared) return fail(prepared.error());
    return Program{.name = "pdns", .argv = dns::command_line(server)};
}

/// The site's controller and its member of the state store, where it has them.
Result<void> add_controller(
    std::vector<Program>& programs, const Layout& layout, const Site& site, const UpOptions& options, EtcdStart start
) {
    const auto controllers = layout.controllers();
    if (std::ranges::find(controllers, site.number, &Site::number) == controllers.end()) return {};
    if (!layout.single) {
        auto etcd = etcd_member(layout, site, start);
        if (!etcd) return fail(etcd.error());
        programs.push_back(std::move(*etcd));
    }
    const auto config = write_config(site, "controller.json", controller_config(layout, site));
    if (!config) return fail(config.error());
    programs.push_back(
        {.name = "controller",
         .argv =
             {options.programs / "cloudshelf",
              site.kind == SiteKind::witness ? "witness" : "controller",
              "--config",
              *config}}
    );
    return {};
}

Result<void> prepare_region(const Layout& layout, const UpOptions& options, const Site& site, EtcdStart start) {
    const std::string region_program = options.programs / "cloudshelf-region";
    const auto agent = write_config(site, "agent.json", agent_config(layout, site));
    const auto gateway = write_config(site, "gateway.json", gateway_config(layout, site, options));
    auto names = nameserver(layout, site);
    if (!agent) return fail(agent.error());
    if (!gateway) return fail(gateway.error());
    if (!names) return fail(names.error());
    std::vector<std::string> fencer = {
        region_program, "fencer",
        "--lease-page", site.directory / "lease.page",
        "--pgdata",     site.directory / "pgdata",
        "--pgconf",     site.directory / "pgconf",
        "--socket",     site.directory / "fencer.sock",
        "--log",        site.directory / "log" / "postgresql.log",
        "--fences",     site.directory / "fences.jsonl",
        "--margin-ms",  std::to_string(ms(layout.plan.timing.fencer_margin)),
        "--bin",        postgres_programs,
        "--user",       postgres_user(),
    };
    std::vector<Program> programs{std::move(*names)};
    if (const auto added = add_controller(programs, layout, site, options, start); !added) return added;
    programs.push_back({.name = "fencer", .argv = std::move(fencer)});
    programs.push_back({.name = "agent", .argv = {region_program, "agent", "--config", *agent}});
    programs.push_back(tables(layout, options, site));
    programs.push_back(objects(layout, options, site));
    if (has_functions(layout)) {
        if (const auto written = write_function_variables(layout, site); !written) return written;
        programs.push_back(function_host(layout, options, site));
    }
    programs.push_back({.name = "gateway", .argv = {region_program, "gateway", "--config", *gateway}});
    return write_site(site.directory, programs);
}

Result<void> prepare_witness(const Layout& layout, const UpOptions& options, const Site& site, EtcdStart start) {
    const auto agent = write_config(site, "agent.json", agent_config(layout, site));
    auto names = nameserver(layout, site);
    if (!agent) return fail(agent.error());
    if (!names) return fail(names.error());
    std::vector<Program> programs{std::move(*names)};
    if (const auto added = add_controller(programs, layout, site, options, start); !added) return added;
    programs.push_back({.name = "agent", .argv = {options.programs / "cloudshelf-region", "agent", "--config", *agent}}
    );
    return write_site(site.directory, programs);
}

}  // namespace

Result<void> prepare_site(const Layout& layout, const UpOptions& options, const Site& site, EtcdStart start) {
    std::error_code failed;
    fs::create_directories(site.directory / "log", failed);
    fs::create_directories(layout.controller(site), failed);
    if (failed) return fail("twin.directory", fmt::format("{}: {}", site.directory.string(), failed.message()));
    return site.kind == SiteKind::witness ? prepare_witness(layout, options, site, start)
                                          : prepare_region(layout, options, site, start);
}

Result<void> prepare(const Layout& layout, const UpOptions& options) {
    std::error_code failed;
    for (const auto& site : layout.sites()) fs::create_directories(site.directory / "log", failed);
    if (failed) return fail("twin.directory", fmt::format("{}: {}", layout.directory.string(), failed.message()));
    if (const auto made = make_secrets(layout); !made) return made;
    if (const auto made = make_certificates(layout); !made) return made;
    for (const auto& site : layout.linked()) {
        if (const auto prepared = prepare_site(layout, options, site, EtcdStart::together); !prepared) return prepared;
    }
    const auto network = write_config(layout.world, "network.json", network_config(layout));
    if (!network) return fail(network.error());
    std::vector<Program> outside = {
        {.name = "network", .argv = {options.programs / "cloudshelf", "twin-network", "--config", *network}}
    };
    for (const int n : {0, 1}) {
        const std::string name = fmt::format("processor-{}", n == 0 ? "primary" : "backup");
        outside.push_back({
            .name = name,
            .argv =
                {options.programs / "bookstore-processor",
                 "--listen",
                 at(layout.world, static_cast<std::uint16_t>(Ports::processor_first + n)),
                 "--data",
                 layout.world.directory / (name + ".charges")},
        });
    }
    if (layout.plan.edge) {
        const auto config = write_config(layout.world, "edge.json", edge_config(layout));
        if (!config) return fail(config.error());
        outside.push_back({.name = "edge", .argv = {options.programs / "cloudshelf", "edge", "--config", *config}});
    }
    return write_site(layout.world.directory, outside);
}

}  // namespace cloudshelf::twin
