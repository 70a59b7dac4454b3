#include "twin/controllers.hpp"

#include "core/procedures.hpp"
#include "core/timing.hpp"
#include "store/etcd_server.hpp"
#include "twin/certificates.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::twin {
namespace {

namespace json = boost::json;

std::int64_t ms(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// A port of `to` as `from` reaches it.
std::string at(const Layout& layout, const Site& from, const Site& to, std::uint16_t port) {
    return fmt::format("{}:{}", layout.road(from, to), port);
}

json::object identity_json(const io::TlsIdentity& identity) {
    return {
        {"certificate_file", identity.certificate_file.string()},
        {"key_file", identity.key_file.string()},
        {"ca_file", identity.ca_file.string()},
    };
}

json::object procedure_json(const core::Plan& plan, core::ProcedureMode mode) {
    const auto found = std::ranges::find(plan.procedures, mode, &core::Procedure::mode);
    // A plan that describes none runs the reference's.
    const core::Procedure procedure = found != plan.procedures.end()         ? *found
                                      : mode == core::ProcedureMode::planned ? core::reference_failback()
                                                                             : core::reference_failover();
    json::array steps;
    for (const auto& step : procedure.steps) {
        steps.push_back({
            {"name", step.name},
            {"action", core::name_of(step.action)},
            {"after", json::value_from(step.after)},
            {"limit_ms", ms(step.limit)},
            {"retries", step.retries},
            {"retry_delay_ms", ms(step.retry_delay)},
            {"approvals", static_cast<int>(step.approval)},
            {"essential", step.essential},
            {"undo", step.undo ? json::value(core::name_of(*step.undo)) : json::value()},
        });
    }
    return {{"name", procedure.name}, {"mode", core::name_of(procedure.mode)}, {"steps", std::move(steps)}};
}

/// The plan's health checks, at the twin's plain gateways, and what a person would miss beside them: each region's
/// database and each site's nameserver.
json::array checks_json(const Layout& layout, const Site& here) {
    json::array checks;
    for (const auto& check : layout.plan.traffic.health_checks) {
        const auto region = layout.region(check.region.value());
        if (!region) continue;
        checks.push_back({
            {"name", check.name},
            {"type", "http"},
            {"endpoint", at(layout, here, *region, Ports::gateway)},
            {"path", check.path},
            {"interval_ms", ms(check.interval)},
            {"failure_threshold", check.failure_threshold},
        });
    }
    const auto add = [&](std::string name, const char* type, std::string endpoint, json::object more) {
        more.insert(
            {{"name", name}, {"type", type}, {"endpoint", endpoint}, {"interval_ms", 10'000}, {"failure_threshold", 3}}
        );
        checks.push_back(std::move(more));
    };
    for (const Site& site : layout.regions())
        add("database-" + site.name.value(), "postgres", at(layout, here, site, Ports::postgres), {});
    for (const Site& site : layout.linked()) {
        const std::string nameserver = fmt::format("{}:{}", site.address, Ports::dns);
        add("nameserver-" + site.name.value(), "dns", nameserver, {{"zone", layout.plan.traffic.zone}});
    }
    return checks;
}

json::object application_json(const Layout& layout, const Site& here) {
    json::array sites;
    for (const Site& site : layout.linked()) {
        json::object entry{
            {"region", site.name.value()},
            {"witness", site.kind == SiteKind::witness},
            {"agent", at(layout, here, site, Ports::agent)},
            {"nameserver", fmt::format("{}:{}", site.address, Ports::dns)},
        };
        if (site.kind == SiteKind::region) {
            entry["gateway"] = at(layout, here, site, Ports::gateway);
            entry["front"] = fmt::format("{}:{}", site.address, Ports::gateway);
        }
        sites.push_back(std::move(entry));
    }
    json::array serving;
    json::array standby;
    for (const auto& name : layout.plan.traffic.names) {
        if (name.points_to == core::PointsTo::serving) serving.push_back(json::string(name.name));
        if (name.points_to == core::PointsTo::standby) standby.push_back(json::string(name.name));
    }
    json::array tables;
    json::array table_backups;
    json::object table_endpoints;
    for (const Site& site : layout.regions())
        table_endpoints[site.name.value()] = at(layout, here, site, Ports::tables);
    for (const auto& table : layout.plan.tables) {
        tables.push_back(json::string(table.name));
        if (!table.backup) continue;
        table_backups.push_back({
            {"table", table.name},
            {"every_ms", ms(table.backup->every)},
            {"retention_ms", ms(table.backup->retention)},
            {"name", table.backup->name},
            {"tags", json::value_from(table.backup->tags)},
        });
    }
    json::object websites;
    for (const auto& bucket : layout.plan.buckets) {
        if (!layout.plan.edge || layout.plan.edge->bucket != bucket.name) continue;
        for (const auto& [name, region] :
             {std::pair(bucket.name, bucket.region), {bucket.replica, bucket.replica_region}}) {
            const Site& site = region == layout.primary.name ? layout.primary : layout.standby;
            websites[region.value()] = json::object{
                {"endpoint", at(layout, here, site, Ports::objects)}, {"host", website_host(layout, name, region)}
            };
        }
    }
    const core::Safety& safety = layout.plan.safety;
    return {
        {"name", layout.plan.application.name},
        {"sites", std::move(sites)},
        {"home", layout.primary.name.value()},
        {"checks", checks_json(layout, here)},
        {"tables",
         {{"names", std::move(tables)},
          {"endpoints", std::move(table_endpoints)},
          {"backups", std::move(table_backups)},
          {"credentials_file", (layout.secrets() / "tables-controller.credentials").string()}}},
        {"websites", std::move(websites)},
        {"timing", timing_of(layout)},
        {"rules",
         {{"decided_by", core::name_of(safety.policy)},
          {"lag_bytes_max", safety.guards.lag_bytes_max.value()},
          {"lag_seconds_max", std::chrono::duration<double>(safety.guards.lag_max).count()},
          {"automatic_moves_max", safety.moves.max},
          {"acknowledge_before_next", safety.moves.acknowledge_before_next},
          {"window_ms", ms(safety.moves.window)}}},
        {"procedures",
         {{"failover", procedure_json(layout.plan, core::ProcedureMode::disaster)},
          {"failback", procedure_json(layout.plan, core::ProcedureMode::planned)}}},
        {"traffic",
         {{"zone", layout.plan.traffic.zone}, {"serving", std::move(serving)}, {"standby", std::move(standby)}}},
    };
}

json::object store_json(const Layout& layout, const Site& here) {
    if (layout.single) return {{"kind", "sqlite"}};
    json::array members;
    for (const Site& site : layout.controllers())
        members.push_back({{"site", site.name.value()}, {"endpoint", at(layout, here, site, Ports::etcd)}});
    return {
        {"kind", "etcd"},
        {"members", std::move(members)},
        {"tls", identity_json(state_identity_of(layout, here.name.value()))},
        // Two members can be asked before an agent's patience, half a lease, is over.
        {"try_limit_ms", ms(layout.plan.timing.lease / 4)},
    };
}

}  // namespace

json::object tls_of(const Layout& layout, const Site& site) {
    return identity_json(identity_of(layout, site.name.value()));
}

json::object timing_of(const Layout& layout) {
    const core::Timing timing = layout.plan.timing;
    return {
        {"lease_ms", ms(timing.lease)},
        {"beat_ms", ms(timing.beat)},
        {"drift_ppm", timing.drift_ppm},
        {"fencer_margin_ms", ms(timing.fencer_margin)},
        {"probe_interval_ms", ms(timing.probe_interval)},
        {"probe_timeout_ms", ms(timing.probe_timeout)},
        {"failure_threshold", timing.failure_threshold},
        {"hold_down_ms", ms(timing.hold_down)},
        {"dns_ttl_s", std::chrono::duration_cast<std::chrono::seconds>(timing.dns_ttl).count()},
    };
}

json::array controllers_for(const Layout& layout, const Site& site) {
    std::vector<Site> order = layout.controllers();
    const auto own = std::ranges::find(order, site.number, &Site::number);
    if (own != order.end()) std::rotate(order.begin(), own, own + 1);
    json::array controllers;
    for (const Site& one : order)
        controllers.push_back({{"site", one.name.value()}, {"endpoint", at(layout, site, one, Ports::controller)}});
    return controllers;
}

json::object controller_config(const Layout& layout, const Site& site) {
    json::array peers;
    for (const Site& other : layout.controllers()) {
        if (other.number == site.number) continue;
        peers.push_back({{"site", other.name.value()}, {"endpoint", at(layout, site, other, Ports::controller)}});
    }
    return {
        {"site", site.name.value()},
        {"listen", fmt::format("{}:{}", site.address, Ports::controller)},
        {"data", layout.controller(site).string()},
        {"tls", tls_of(layout, site)},
        {"site_token_file", (layout.secrets() / "site.token").string()},
        {"tokens_file", (layout.secrets() / "api-tokens.json").string()},
        {"store", store_json(layout, site)},
        {"controllers", std::move(peers)},
        {"applications", {application_json(layout, site)}},
    };
}

Result<Program> etcd_member(const Layout& layout, const Site& site, EtcdStart start) {
    const auto identity = state_identity_of(layout, site.name.value());
    store::EtcdMember member{
        .name = site.name.value(),
        .data = site.directory / "etcd",
        .client = {site.address, Ports::etcd},
        .peer = {site.address, Ports::etcd_peer},
        .joins = start == EtcdStart::joins,
        .cluster_token = fmt::format("{}-{}", layout.plan.application.name, layout.network_base),
        .timing = store::EtcdTiming::for_lease(layout.plan.timing.lease),
        .tls =
            store::EtcdTls{
                .certificate = identity.certificate_file, .key = identity.key_file, .trusted_ca = identity.ca_file
            },
    };
    for (const Site& one : layout.controllers())
        member.cluster.push_back(
            {one.name.value(), {one.address, Ports::etcd_peer}, io::site_host_name(one.name.value())}
        );
    auto argv = store::command_line(member);
    if (!argv) return fail(argv.error());
    const std::string proxy = fmt::format("http://{}:{}", layout.proxy(site), Ports::etcd_peer);
    return Program{.name = "etcd", .argv = std::move(*argv), .env = {{"HTTPS_PROXY", proxy}}};
}

}  // namespace cloudshelf::twin
