#include "controller/config.hpp"

#include "core/leadership.hpp"
#include "drivers/tables/key_file.hpp"
#include "io/config_reader.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;
using namespace io::config;  // text, ms, endpoint, …

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
    for (const auto& entry : list(value, "steps")) {
        core::Step step{
            .name = text(entry, "name"),
            .action = action(member(entry, "action")),
            .after = texts(entry, "after"),
            .limit = ms(entry, "limit_ms"),
            .retries = number<int>(entry, "retries"),
            .retry_delay = ms(entry, "retry_delay_ms"),
            .approval = static_cast<core::Approval>(number<int>(entry, "approvals")),
            .essential = flag(entry, "essential"),
        };
        if (!member(entry, "undo").is_null()) step.undo = action(member(entry, "undo"));
        procedure.steps.push_back(std::move(step));
    }
    return procedure;
}

HealthChecker::Check check_config(const json::value& entry) {
    const auto type = core::check_type(text(entry, "type"));
    if (!type || !core::is_probed(*type))
        throw std::invalid_argument("checks: no type \"" + text(entry, "type") + "\"");
    HealthChecker::Check check{
        .options =
            {.name = core::CheckName(text(entry, "name")),
             .type = *type,
             .interval = ms(entry, "interval_ms"),
             .failure_threshold = number<int>(entry, "failure_threshold")},
        .target = probe::Target{.type = *type, .endpoint = endpoint(entry, "endpoint")},
    };
    if (const auto* path = entry.as_object().if_contains("path")) check.target->path = path->as_string().c_str();
    if (const auto* zone = entry.as_object().if_contains("zone"))
        check.target->dns = {.name = zone->as_string().c_str(), .type = probe::DnsType::soa};
    return check;
}

TableBackupConfig table_backup(const json::value& entry) {
    TableBackupConfig config{.table = text(entry, "table"), .backup = {}};
    config.backup.every = ms(entry, "every_ms");
    config.backup.retention = ms(entry, "retention_ms");
    config.backup.name = text(entry, "name");
    for (const auto& [key, value] : member(entry, "tags").as_object()) config.backup.tags[key] = value.as_string();
    return config;
}

ApplicationConfig application_config(const json::value& document) {
    ApplicationConfig config;
    config.name = text(document, "name");
    for (const auto& entry : list(document, "sites")) {
        SiteConfig site{
            .region = RegionName(text(entry, "region")),
            .witness = flag(entry, "witness"),
            .agent = endpoint(entry, "agent"),
            .nameserver = endpoint(entry, "nameserver"),
        };
        if (!site.witness) site.gateway = endpoint(entry, "gateway");
        if (!site.witness) site.front = endpoint(entry, "front");
        config.sites.push_back(std::move(site));
    }
    config.home = RegionName(text(document, "home"));
    const json::value& timing = member(document, "timing");
    config.terms = {
        .duration = ms(timing, "lease_ms"),
        .beat = ms(timing, "beat_ms"),
        .drift_ppm_max = number<int>(timing, "drift_ppm"),
    };
    config.probe_interval = ms(timing, "probe_interval_ms");
    config.probe_timeout = ms(timing, "probe_timeout_ms");
    config.failure_threshold = number<int>(timing, "failure_threshold");
    config.rules.hold_down = ms(timing, "hold_down_ms");
    const json::value& rules = member(document, "rules");
    const std::string decided_by = text(rules, "decided_by");
    config.rules.decided_by = decided_by == "witness" ? core::DecidedBy::witness
                              : decided_by == "lease" ? core::DecidedBy::lease
                                                      : core::DecidedBy::confirm;
    config.rules.lag_bytes_max = number<std::uint64_t>(rules, "lag_bytes_max");
    config.rules.lag_seconds_max = number<double>(rules, "lag_seconds_max");
    config.rules.acknowledge_before_next = flag(rules, "acknowledge_before_next");
    config.rules.automatic_moves_max = number<int>(rules, "automatic_moves_max");
    config.moves_window = ms(rules, "window_ms");
    config.failover = procedure(member(member(document, "procedures"), "failover"));
    config.failback = procedure(member(member(document, "procedures"), "failback"));
    const json::value& traffic = member(document, "traffic");
    config.zone = text(traffic, "zone");
    config.serving_names = texts(traffic, "serving");
    config.standby_names = texts(traffic, "standby");
    config.ttl = number<std::uint32_t>(timing, "dns_ttl_s");
    for (const auto& entry : list(document, "checks")) config.checks.push_back(check_config(entry));
    if (const auto* websites = document.as_object().if_contains("websites")) {
        for (auto& site : config.sites) {
            const auto* website = websites->as_object().if_contains(site.region.value());
            if (website)
                site.website = Website{.endpoint = endpoint(*website, "endpoint"), .host = text(*website, "host")};
        }
    }
    if (const auto* tables = document.as_object().if_contains("tables")) {
        config.tables = texts(*tables, "names");
        for (const auto& entry : list(*tables, "backups")) config.table_backups.push_back(table_backup(entry));
        const auto key = tables_client::read_key_file(text(*tables, "credentials_file"));
        if (!key) throw std::invalid_argument("tables: " + key.error().message);
        for (auto& site : config.sites) {
            if (site.witness) continue;
            site.tables = tables_client::Client::Options{
                .endpoint = endpoint(member(*tables, "endpoints"), site.region.value().c_str()),
                .region = site.region.value(),
                .credentials = *key
            };
        }
    }
    return config;
}

StoreConfig store_config(const json::value& document) {
    StoreConfig config;
    if (text(document, "kind") == "sqlite") return config;
    if (text(document, "kind") != "etcd") throw std::invalid_argument("store.kind: expected \"sqlite\" or \"etcd\"");
    for (const auto& entry : list(document, "members"))
        config.etcd.push_back({RegionName(text(entry, "site")), endpoint(entry, "endpoint")});
    if (config.etcd.empty()) throw std::invalid_argument("store.members: expected at least one");
    config.identity = identity(member(document, "tls"));
    config.try_limit = ms(document, "try_limit_ms");
    return config;
}

ControllerConfig parse(const json::value& document) {
    ControllerConfig config;
    config.site = RegionName(text(document, "site"));
    config.listen = endpoint(document, "listen");
    config.data = text(document, "data");
    config.tls = tls(identity(member(document, "tls")));
    config.site_token = content(text(document, "site_token_file"));
    const json::value tokens = json::parse(content(text(document, "tokens_file")));
    for (const auto& token : tokens.as_array()) {
        config.tokens.push_back(
            {.sha256 = text(token, "token_sha256"), .role = role_of(text(token, "role")), .name = text(token, "name")}
        );
    }
    config.store = store_config(member(document, "store"));
    for (const auto& entry : list(document, "controllers"))
        config.peers.push_back({RegionName(text(entry, "site")), endpoint(entry, "endpoint")});
    for (const auto& entry : list(document, "applications")) config.applications.push_back(application_config(entry));
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
    return io::config::load(path, "controller.config", parse);
}

}  // namespace cloudshelf::controller
