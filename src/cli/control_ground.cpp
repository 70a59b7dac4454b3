#include "cli/control_ground.hpp"

#include "base/digest.hpp"
#include "io/file.hpp"
#include "store/etcd_server.hpp"
#include "twin/certificates.hpp"
#include "twin/controllers.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <openssl/rand.h>

#include <charconv>
#include <cstdio>
#include <sstream>

namespace cloudshelf::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using twin::Ports;

constexpr std::array<const char*, 2> secret_names{"site.token", "operator.token"};

std::string random_hex() {
    unsigned char bytes[32];
    if (RAND_bytes(bytes, sizeof bytes) != 1) throw std::runtime_error("no random bytes");
    return sha256_hex({reinterpret_cast<const char*>(bytes), sizeof bytes});
}

std::string secret(const twin::Layout& layout, const char* name) {
    return io::read_file(layout.secrets() / name).value_or("");
}

/// Without the look from outside: the farm has no nameservers.
void leave_out(json::object& procedure, std::string_view step) {
    json::array kept;
    for (auto& entry : procedure.at("steps").as_array()) {
        if (entry.at("name").as_string() == step) continue;
        json::array after;
        for (const auto& name : entry.at("after").as_array()) {
            if (name.as_string() != step) after.push_back(name);
        }
        entry.as_object()["after"] = std::move(after);
        kept.push_back(std::move(entry));
    }
    procedure["steps"] = std::move(kept);
}

Result<std::map<std::string, double>> metrics_at(twin::Callee who) {
    const auto text = twin::call_for_text({.to = std::move(who), .target = "/metrics"});
    if (!text) return fail(text.error());
    std::map<std::string, double> found;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
        const auto space = line.rfind(' ');
        if (line.starts_with('#') || space == std::string::npos) continue;
        found[line.substr(0, space)] = std::strtod(line.c_str() + space, nullptr);
    }
    return found;
}

}  // namespace

ControlGround::ControlGround(Options options) : options_(std::move(options)) {
    options_.plan.timing = options_.timing;
    if (auto layout = twin::lay_out(options_.directory, options_.network_base, options_.plan)) layout_ = *layout;
    farm_ = {
        .network_base = options_.network_base,
        .applications = options_.applications,
        .timing = options_.timing,
    };
    for (int site = 0; site < farm_sites; ++site) {
        const auto place = static_cast<std::size_t>(site);
        farm_.sites[place] = at(site).name;
        farm_.identities[place] = twin::identity_of(layout_, site_name(site));
        farm_.controllers[place] = {.address = at(site).address, .port = Ports::controller};
    }
    for (int i = 0; i < options_.applications; ++i) {
        auto& known = FarmState::shared().applications[static_cast<std::size_t>(i)];
        known.writer = i % farm_witness;
        known.epoch = 1;
        for (auto& epoch : known.dns_epoch) epoch = 1;
        for (auto& change : known.dns_change) change = 1;
    }
}

twin::Site ControlGround::at(int site) const {
    return site == 0 ? layout_.primary : site == 1 ? layout_.standby : layout_.witness;
}

Result<void> ControlGround::write_secrets() const {
    std::error_code failed;
    fs::create_directories(layout_.secrets(), failed);
    for (const char* name : secret_names) {
        if (const auto made = io::replace_file(layout_.secrets() / name, random_hex(), 0600); !made) return made;
    }
    const json::array tokens{
        {{"token_sha256", sha256_hex(secret(layout_, "site.token"))}, {"role", "site"}, {"name", "sites"}},
        {{"token_sha256", sha256_hex(secret(layout_, "operator.token"))}, {"role", "approver"}, {"name", "operator"}},
    };
    return io::replace_file(layout_.secrets() / "api-tokens.json", json::serialize(tokens), 0600);
}

/// One health check for each service in each region.
json::array ControlGround::checks_of(int application) const {
    json::array checks;
    for (const int region : {0, 1}) {
        for (int service = 0; service < options_.services; ++service) {
            checks.push_back({
                {"name", fmt::format("{}-service-{}", site_name(region), service)},
                {"type", "http"},
                {"endpoint", farm_.gateway(application, region).text()},
                {"path", fmt::format("/health/service-{}", service)},
                {"interval_ms", options_.service_interval / std::chrono::milliseconds(1)},
                {"failure_threshold", 3},
            });
        }
    }
    return checks;
}

Result<void> ControlGround::write_config(int site) const {
    json::object config = twin::controller_config(layout_, at(site));
    json::array members;
    json::array peers;
    for (int other = 0; other < farm_sites; ++other) {
        const auto reach = [&](std::uint16_t port) { return fmt::format("{}:{}", at(other).address, port); };
        members.push_back({{"site", site_name(other)}, {"endpoint", reach(Ports::etcd)}});
        if (other != site) peers.push_back({{"site", site_name(other)}, {"endpoint", reach(Ports::controller)}});
    }
    config["controllers"] = std::move(peers);
    config["store"].as_object()["members"] = std::move(members);
    json::object pattern = config["applications"].as_array()[0].as_object();
    leave_out(pattern["procedures"].as_object()["failover"].as_object(), "verify-outside");
    json::array applications;
    for (int i = 0; i < options_.applications; ++i) {
        json::object application = pattern;
        json::array sites;
        for (int where = 0; where < farm_sites; ++where) {
            sites.push_back({
                {"region", site_name(where)},
                {"witness", where == farm_witness},
                {"agent", farm_.agent(i, where).text()},
                {"gateway", farm_.gateway(i, where).text()},
                {"front", farm_.gateway(i, where).text()},
                {"nameserver", farm_.agent(i, where).text()},
            });
        }
        application["checks"] = checks_of(i);
        application["name"] = Farm::application_name(i);
        application["sites"] = std::move(sites);
        application["home"] = site_name(i % farm_witness);
        applications.push_back(std::move(application));
    }
    config["applications"] = std::move(applications);
    return io::replace_file(folder(site) / "controller.json", json::serialize(config), 0600);
}

Result<void> ControlGround::start_member(int site) {
    const auto identity = twin::state_identity_of(layout_, site_name(site));
    store::EtcdMember member{
        .name = site_name(site),
        .data = folder(site) / "etcd",
        .client = {at(site).address, Ports::etcd},
        .peer = {at(site).address, Ports::etcd_peer},
        .cluster_token = fmt::format("bench-control-{}", options_.network_base),
        .timing = store::EtcdTiming::for_lease(options_.timing.lease),
        .tls =
            store::EtcdTls{
                .certificate = identity.certificate_file, .key = identity.key_file, .trusted_ca = identity.ca_file
            },
    };
    for (int other = 0; other < farm_sites; ++other)
        member.cluster.push_back({site_name(other), {at(other).address, Ports::etcd_peer}});
    auto argv = store::command_line(member);
    if (!argv) return fail(argv.error());
    auto started = Child::start(any_core, std::move(*argv), folder(site) / "etcd.log");
    if (!started) return fail(started.error());
    members_.push_back(std::move(*started));
    return {};
}

Result<void> ControlGround::prepare() {
    if (layout_.primary.name.value().empty())
        return fail("twin.plan-shape", "the plan needs two regions and a witness");
    std::error_code failed;
    for (int site = 0; site < farm_sites; ++site) fs::create_directories(folder(site), failed);
    if (const auto made = write_secrets(); !made) return made;
    if (const auto made = twin::make_certificates(layout_); !made) return made;
    farm_.token = secret(layout_, "site.token");
    for (int site = 0; site < farm_sites; ++site) {
        if (const auto written = write_config(site); !written) return written;
        if (const auto started = start_member(site); !started) return started;
    }
    const auto add = [&](std::string name, const std::function<void()>& work) -> Result<void> {
        auto child = Child::run(any_core, [&] {
            // What thousands of agents log is for who keeps the folder.
            if (std::freopen((layout_.directory / "farm.log").c_str(), "a", stderr) != nullptr) work();
        });
        if (!child) return fail(child.error());
        farmers_.emplace(std::move(name), std::move(*child));
        return {};
    };
    // Forked one after the other, while this process has one thread.
    auto added = add("agents", [this] { run_farm_agents(farm_); });
    if (added) added = add("gateways, primary", [this] { run_farm_gateways(farm_, 0); });
    if (added) added = add("gateways, standby", [this] { run_farm_gateways(farm_, 1); });
    if (added) added = add("leases", [this] { run_farm_leases(farm_); });
    return added;
}

Result<void> ControlGround::start_controller(int site) {
    auto started = Child::start(
        any_core,
        {options_.programs / "cloudshelf", "controller", "--config", folder(site) / "controller.json"},
        folder(site) / "controller.log"
    );
    if (!started) return fail(started.error());
    controllers_[static_cast<std::size_t>(site)].emplace(std::move(*started));
    return {};
}

int ControlGround::revive() {
    int ended = 0;
    for (int site = 0; site < farm_sites; ++site) {
        const auto& known = controller(site);
        if (!known || known->is_running()) continue;
        ++ended;
        [[maybe_unused]] const auto started = start_controller(site);  // or else at the next turn
    }
    return ended;
}

Result<json::value> ControlGround::ask(int site, std::string target) const {
    return twin::call({
        .to =
            {.endpoint = farm_.controllers[static_cast<std::size_t>(site)],
             .name = io::site_host_name(site_name(site)),
             .own = twin::identity_of(layout_, twin::operator_certificate)},
        .target = std::move(target),
        .token = secret(layout_, "operator.token"),
        .limit = std::chrono::seconds(2),
    });
}

Result<std::map<std::string, double>> ControlGround::metrics(int site) const {
    return metrics_at({
        .endpoint = farm_.controllers[static_cast<std::size_t>(site)],
        .name = io::site_host_name(site_name(site)),
        .own = twin::identity_of(layout_, twin::operator_certificate),
    });
}

Result<std::map<std::string, double>> ControlGround::member_metrics(int site) const {
    return metrics_at({
        .endpoint = {at(site).address, Ports::etcd},
        .name = io::site_host_name(site_name(site)),
        .own = twin::state_identity_of(layout_, site_name(site)),
    });
}

std::optional<int> ControlGround::leader() const {
    for (int site = 0; site < farm_sites; ++site) {
        if (!controller(site)) continue;
        const auto said = ask(site, "/v1/leader");
        if (said && said->at("leads").as_bool()) return site;
    }
    return std::nullopt;
}

}  // namespace cloudshelf::cli
