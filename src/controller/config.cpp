#include "controller/config.hpp"

#include "core/leadership.hpp"
#include "io/file.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::controller {
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
std::string content(const std::string& path) {
    auto read = io::read_file(path);
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

Role role_of(const std::string& name) {
    if (name == "viewer") return Role::viewer;
    if (name == "operator") return Role::operator_;
    if (name == "approver") return Role::approver;
    if (name == "site") return Role::site;
    throw std::invalid_argument("role \"" + name + "\": expected viewer, operator, approver or site");
}

core::Action action(const json::value& name) {
    const auto wanted = json::value_to<std::string>(name);
    const auto& names = core::EnumNames<core::Action>::names;
    const auto found = std::ranges::find(names, wanted);
    if (found == names.end()) throw std::invalid_argument(fmt::format("no action \"{}\"", wanted));
    return static_cast<core::Action>(found - names.begin());
}

core::Procedure procedure(const json::value& value) {
    core::Procedure procedure{
        .name = text(value, "name"),
        .mode = text(value, "mode") == "planned" ? core::ProcedureMode::planned : core::ProcedureMode::disaster,
    };
    for (const auto& entry : value.at("steps").as_array()) {
        core::Step step{
            .name = text(entry, "name"),
            .action = action(entry.at("action")),
            .after = json::value_to<std::vector<std::string>>(entry.at("after")),
            .limit = ms(entry, "limit_ms"),
            .retries = json::value_to<int>(entry.at("retries")),
            .retry_delay = ms(entry, "retry_delay_ms"),
            .approval = static_cast<core::Approval>(json::value_to<int>(entry.at("approvals"))),
            .essential = entry.at("essential").as_bool(),
        };
        if (!entry.at("undo").is_null()) step.undo = action(entry.at("undo"));
        procedure.steps.push_back(std::move(step));
    }
    return procedure;
}

ServicesConfig services_config(const json::value& document) {
    ServicesConfig config{
        .paths = json::value_to<std::vector<std::string>>(document.at("paths")),
        .interval = ms(document, "interval_ms"),
    };
    for (const auto& path : config.paths) {
        if (!path.starts_with('/') || path.size() > 255)
            throw std::invalid_argument("services.paths: \"" + path + "\"");
    }
    using namespace std::chrono_literals;
    if (config.interval < 10ms || config.interval > 5min)
        throw std::invalid_argument("services.interval_ms: expected 10 to 300000");
    return config;
}

ApplicationConfig application_config(const json::value& document) {
    ApplicationConfig config;
    config.name = text(document, "name");
    for (const auto& entry : document.at("sites").as_array()) {
        SiteConfig site{
            .region = RegionName(text(entry, "region")),
            .witness = entry.at("witness").as_bool(),
            .agent = endpoint(entry.at("agent")),
            .nameserver = endpoint(entry.at("nameserver")),
        };
        if (!site.witness) site.gateway = endpoint(entry.at("gateway"));
        if (!site.witness) site.front = endpoint(entry.at("front"));
        config.sites.push_back(std::move(site));
    }
    config.home = RegionName(text(document, "home"));
    const json::value& timing = document.at("timing");
    config.terms = {
        .duration = ms(timing, "lease_ms"),
        .beat = ms(timing, "beat_ms"),
        .drift_ppm_max = json::value_to<int>(timing.at("drift_ppm")),
    };
    config.probe_interval = ms(timing, "probe_interval_ms");
    config.probe_timeout = ms(timing, "probe_timeout_ms");
    config.failure_threshold = json::value_to<int>(timing.at("failure_threshold"));
    config.rules.hold_down = ms(timing, "hold_down_ms");
    const json::value& rules = document.at("rules");
    const std::string decided_by = text(rules, "decided_by");
    config.rules.decided_by = decided_by == "witness" ? core::DecidedBy::witness
                              : decided_by == "lease" ? core::DecidedBy::lease
                                                      : core::DecidedBy::confirm;
    config.rules.lag_bytes_max = json::value_to<std::uint64_t>(rules.at("lag_bytes_max"));
    config.rules.lag_seconds_max = rules.at("lag_seconds_max").to_number<double>();
    config.rules.acknowledge_before_next = rules.at("acknowledge_before_next").as_bool();
    config.rules.automatic_moves_max = json::value_to<int>(rules.at("automatic_moves_max"));
    config.moves_window = ms(rules, "window_ms");
    config.failover = procedure(document.at("procedures").at("failover"));
    config.failback = procedure(document.at("procedures").at("failback"));
    const json::value& traffic = document.at("traffic");
    config.zone = text(traffic, "zone");
    config.serving_names = json::value_to<std::vector<std::string>>(traffic.at("serving"));
    config.standby_names = json::value_to<std::vector<std::string>>(traffic.at("standby"));
    config.ttl = json::value_to<std::uint32_t>(timing.at("dns_ttl_s"));
    if (const auto* services = document.as_object().if_contains("services"))
        config.services = services_config(*services);
    return config;
}

StoreConfig store_config(const json::value& document) {
    StoreConfig config;
    if (text(document, "kind") == "sqlite") return config;
    if (text(document, "kind") != "etcd") throw std::invalid_argument("store.kind: expected \"sqlite\" or \"etcd\"");
    for (const auto& entry : document.at("members").as_array())
        config.etcd.push_back({RegionName(text(entry, "site")), endpoint(entry.at("endpoint"))});
    if (config.etcd.empty()) throw std::invalid_argument("store.members: expected at least one");
    config.identity = identity(document.at("tls"));
    config.try_limit = ms(document, "try_limit_ms");
    return config;
}

ControllerConfig parse(const json::value& document) {
    ControllerConfig config;
    config.site = RegionName(text(document, "site"));
    config.listen = endpoint(document.at("listen"));
    config.data = text(document, "data");
    config.tls = tls(identity(document.at("tls")));
    config.site_token = content(text(document, "site_token_file"));
    const json::value tokens = json::parse(content(text(document, "tokens_file")));
    for (const auto& token : tokens.as_array()) {
        config.tokens.push_back(
            {.sha256 = text(token, "token_sha256"), .role = role_of(text(token, "role")), .name = text(token, "name")}
        );
    }
    config.store = store_config(document.at("store"));
    for (const auto& entry : document.at("controllers").as_array())
        config.peers.push_back({RegionName(text(entry, "site")), endpoint(entry.at("endpoint"))});
    for (const auto& entry : document.at("applications").as_array())
        config.applications.push_back(application_config(entry));
    if (config.applications.empty()) throw std::invalid_argument("applications: expected at least one");
    return config;
}

}  // namespace

io::HttpClient::Options ControllerConfig::calls() const {
    io::HttpClient::Options options{.tls = tls};
    for (const auto& application : applications) {
        for (const auto& known : application.sites)
            options.names[known.agent] = io::site_host_name(known.region.value());
    }
    for (const auto& peer : peers) options.names[peer.endpoint] = io::site_host_name(peer.site.value());
    return options;
}

core::LeaseTerms ControllerConfig::leader_terms() const {
    const auto quickest = std::ranges::min_element(applications, {}, [](const ApplicationConfig& application) {
        return application.terms.duration;
    });
    return core::leader_terms(quickest->terms);
}

const SiteConfig* ApplicationConfig::site(const RegionName& region) const {
    for (const auto& known : sites) {
        if (known.region == region) return &known;
    }
    return nullptr;
}

const SiteConfig* ApplicationConfig::other(const RegionName& region) const {
    for (const auto& known : sites) {
        if (!known.witness && known.region != region) return &known;
    }
    return nullptr;
}

Result<ControllerConfig> load_controller_config(const std::filesystem::path& path) {
    const auto read = io::read_file(path);
    if (!read) return fail(read.error());
    try {
        return parse(json::parse(*read));
    } catch (const std::exception& problem) {
        return fail("controller.config", fmt::format("{}: {}", path.string(), problem.what()));
    }
}

}  // namespace cloudshelf::controller
