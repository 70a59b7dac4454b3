#include "region/agent/config.hpp"

#include "io/file.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::region {
namespace {

namespace json = boost::json;

std::string text(const json::value& object, std::string_view key) {
    return json::value_to<std::string>(object.at(key));
}
Duration ms(const json::value& object, std::string_view key) {
    return std::chrono::milliseconds(json::value_to<std::int64_t>(object.at(key)));
}
io::Endpoint endpoint(const json::value& value) {
    auto parsed = io::Endpoint::parse(json::value_to<std::string>(value));
    if (!parsed) throw std::invalid_argument(parsed.error().message);
    return *parsed;
}
std::string secret(const std::string& path) {
    auto read = io::read_file(path, 4096);
    if (!read) throw std::invalid_argument(read.error().message);
    while (!read->empty() && read->back() == '\n') read->pop_back();
    return *read;
}
std::shared_ptr<io::TlsContext> tls(const io::TlsIdentity& identity) {
    auto opened = io::TlsContext::open({.identity = identity});
    if (!opened) throw std::invalid_argument(opened.error().message);
    return std::move(*opened);
}
io::TlsIdentity identity(const json::value& object) {
    return {
        .certificate_file = text(object, "certificate_file"),
        .key_file = text(object, "key_file"),
        .ca_file = text(object, "ca_file"),
    };
}

AgentConfig parse(const json::value& document) {
    AgentConfig config;
    config.application = text(document, "application");
    config.region = RegionName(text(document, "region"));
    config.witness = document.at("witness").as_bool();
    config.listen = endpoint(document.at("listen"));
    for (const auto& entry : document.at("controllers").as_array())
        config.controllers.push_back({text(entry, "site"), endpoint(entry.at("endpoint"))});
    const io::TlsIdentity own = identity(document.at("tls"));
    config.tls = tls(own);
    config.site_token = secret(text(document, "site_token_file"));
    const json::value& timing = document.at("timing");
    config.terms = {
        .duration = ms(timing, "lease_ms"),
        .beat = ms(timing, "beat_ms"),
        .drift_ppm_max = json::value_to<int>(timing.at("drift_ppm")),
    };
    config.probe_interval = ms(timing, "probe_interval_ms");
    config.probe_timeout = ms(timing, "probe_timeout_ms");
    config.sync_policy = text(document, "sync_policy") == "block" ? SyncPolicy::block : SyncPolicy::degrade;
    config.data = text(document, "data_dir");
    for (const auto& [region, gateway] : document.at("gateways").as_object())
        config.gateways[region] = endpoint(gateway);
    const json::value& dns = document.at("dns");
    config.dns = {
        .server = endpoint(dns.at("server")),
        .zone = text(dns, "zone"),
        .key_name = text(dns, "key_name"),
        .key = secret(text(dns, "key_file")),
    };
    if (config.witness) return config;
    config.dns.serving = json::value_to<std::vector<std::string>>(dns.at("serving"));
    config.dns.away = text(dns, "away");
    config.dns.ttl = json::value_to<std::uint32_t>(dns.at("ttl_s"));
    config.lease_page = text(document, "lease_page");
    const json::value& peer = document.at("peer");
    const std::string peer_name = io::site_host_name(text(peer, "region"));
    const io::Endpoint database = endpoint(peer.at("postgres"));
    config.peer = Peer{
        .region = RegionName(text(peer, "region")),
        .agent = endpoint(peer.at("agent")),
        .postgres = {.host = database.address, .port = database.port, .name = peer_name},
    };
    const json::value& server = document.at("postgres");
    config.postgres = postgres::ClusterOptions{
        .programs = text(server, "bin"),
        .pgdata = text(server, "pgdata"),
        .pgconf = text(server, "pgconf"),
        .socket_dir = text(server, "socket_dir"),
        .secrets = text(server, "secrets"),
        .fencer_socket = text(document, "fencer_socket"),
        .data = config.data,
        .listen = {.host = text(server, "address"), .port = json::value_to<std::uint16_t>(server.at("port"))},
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
    const auto content = io::read_file(path);
    if (!content) return fail(content.error());
    try {
        return parse(json::parse(*content));
    } catch (const std::exception& problem) {
        return fail("agent.config", fmt::format("{}: {}", path.string(), problem.what()));
    }
}

}  // namespace cloudshelf::region
