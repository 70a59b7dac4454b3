#include "region/agent/config.hpp"

#include "io/config_reader.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::region {
namespace {

namespace json = boost::json;
using namespace io::config;  // text, ms, endpoint, …

AgentConfig parse(const json::value& document) {
    AgentConfig config;
    config.application = text(document, "application");
    config.region = RegionName(text(document, "region"));
    config.witness = flag(document, "witness");
    config.listen = endpoint(document, "listen");
    for (const auto& entry : list(document, "controllers"))
        config.controllers.push_back({text(entry, "site"), endpoint(entry, "endpoint")});
    const io::TlsIdentity own = identity(member(document, "tls"));
    config.tls = tls(own);
    config.site_token = content(text(document, "site_token_file"));
    const json::value& timing = member(document, "timing");
    config.terms = {
        .duration = ms(timing, "lease_ms"),
        .beat = ms(timing, "beat_ms"),
        .drift_ppm_max = number<int>(timing, "drift_ppm"),
    };
    config.probe_interval = ms(timing, "probe_interval_ms");
    config.probe_timeout = ms(timing, "probe_timeout_ms");
    config.sync_policy = text(document, "sync_policy") == "block" ? SyncPolicy::block : SyncPolicy::degrade;
    config.data = text(document, "data_dir");
    const json::value& gateways = member(document, "gateways");
    for (const auto& [region, gateway] : gateways.as_object()) config.gateways[region] = endpoint(gateways, region);
    const json::value& dns = member(document, "dns");
    config.dns = {
        .server = endpoint(dns, "server"),
        .zone = text(dns, "zone"),
        .key_name = text(dns, "key_name"),
        .key = content(text(dns, "key_file")),
    };
    if (config.witness) return config;
    config.dns.serving = texts(dns, "serving");
    config.dns.away = text(dns, "away");
    config.dns.ttl = number<std::uint32_t>(dns, "ttl_s");
    config.lease_page = text(document, "lease_page");
    const json::value& peer = member(document, "peer");
    const std::string peer_name = io::site_host_name(text(peer, "region"));
    const io::Endpoint database = endpoint(peer, "postgres");
    config.peer = Peer{
        .region = RegionName(text(peer, "region")),
        .agent = endpoint(peer, "agent"),
        .postgres = {.host = database.address, .port = database.port, .name = peer_name},
    };
    const json::value& server = member(document, "postgres");
    config.postgres = postgres::ClusterOptions{
        .programs = text(server, "bin"),
        .pgdata = text(server, "pgdata"),
        .pgconf = text(server, "pgconf"),
        .socket_dir = text(server, "socket_dir"),
        .secrets = text(server, "secrets"),
        .fencer_socket = text(document, "fencer_socket"),
        .data = config.data,
        .listen = {.host = text(server, "address"), .port = number<std::uint16_t>(server, "port")},
        .region = config.region,
        .peer = config.peer->region,
        .user = text(server, "user"),
        .tls = own,
    };
    return config;
}

}  // namespace

io::HttpClient::Options AgentConfig::calls() const {
    io::HttpClient::Options options{.tls = tls};
    for (const auto& controller : controllers) options.names[controller.endpoint] = io::site_host_name(controller.site);
    if (peer) options.names[peer->agent] = io::site_host_name(peer->region.value());
    return options;
}

Result<AgentConfig> load_agent_config(const std::filesystem::path& path) {
    return io::config::load(path, "agent.config", parse);
}

}  // namespace cloudshelf::region
