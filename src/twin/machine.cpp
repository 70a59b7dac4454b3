#include "twin/machine.hpp"

#include "drivers/edge/edge.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/process.hpp"
#include "twin/prepare.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <unistd.h>
#include <vector>

namespace cloudshelf::twin {
namespace {

bool is_installed(const std::string& program) {
    return ::access(program.c_str(), X_OK) == 0;
}

Result<void> check_programs(const Layout& layout) {
    const std::string postgres = fmt::format("{}/postgres", postgres_programs);
    if (!is_installed(postgres)) {
        return fail("twin.no-postgres", fmt::format("{} is missing: `make setup` installs PostgreSQL 15", postgres));
    }
    if (!layout.single && !is_installed("/usr/bin/etcd")) {
        return fail(
            "twin.no-etcd", "/usr/bin/etcd is missing: `make setup` installs it; --single does without, on SQLite"
        );
    }
    if (!is_installed("/usr/sbin/pdns_server")) {
        return fail("twin.no-powerdns", "/usr/sbin/pdns_server is missing: `make setup` installs PowerDNS");
    }
    if (layout.plan.edge && edge::nginx_program().empty()) {
        return fail("twin.no-nginx", "nginx is missing, which the plan's edge is: `make setup` installs it");
    }
    return {};
}

Result<void> check_data(const Layout& layout) {
    for (const auto& region : layout.regions()) {
        auto version = io::read_file(region.directory / "pgdata" / "PG_VERSION");
        while (version && !version->empty() && version->back() == '\n') version->pop_back();
        if (version && *version != "15") {
            return fail(
                "twin.other-version",
                fmt::format(
                    "{}/pgdata was made by PostgreSQL {}, this twin runs 15: choose another folder with --data, or "
                    "upgrade it with pg_upgrade",
                    region.directory.string(),
                    *version
                )
            );
        }
    }
    return {};
}

/// Where the twin's programs will listen.
std::vector<io::Endpoint> places_of(const Layout& layout) {
    std::vector<io::Endpoint> places;
    const auto add = [&places](const Site& site, std::initializer_list<std::uint16_t> ports) {
        for (const auto port : ports) places.push_back({site.address, port});
    };
    for (const auto& region : layout.regions()) {
        add(region,
            {Ports::gateway, Ports::tables, Ports::objects, Ports::functions, Ports::agent, Ports::postgres, Ports::dns}
        );
    }
    add(layout.witness, {Ports::agent, Ports::dns});
    for (const auto& site : layout.controllers()) {
        add(site, {Ports::controller});
        if (!layout.single) add(site, {Ports::etcd, Ports::etcd_peer});
    }
    add(layout.world, {Ports::processor_first, Ports::processor_first + 1, Ports::network});
    if (layout.plan.edge) add(layout.world, {Ports::edge, Ports::edge_tls});
    return places;
}

}  // namespace

Result<void> check_ports(const Layout& layout) {
    for (const auto& place : places_of(layout)) {
        const auto who = io::who_listens(place.address, place.port);
        if (!who) continue;
        return fail(
            "twin.port-taken",
            fmt::format("{} is taken by {}; end it, or choose other addresses with --network-base", place.text(), *who)
        );
    }
    return {};
}

Result<void> check_machine(const Layout& layout) {
    if (const auto programs = check_programs(layout); !programs) return programs;
    if (const auto data = check_data(layout); !data) return data;
    return check_ports(layout);
}

}  // namespace cloudshelf::twin
