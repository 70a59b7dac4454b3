#pragma once

#include "drivers/clocks/site_clocks.hpp"
#include "io/http.hpp"
#include "region/agent/config.hpp"
#include "region/agent/names.hpp"
#include "region/agent/promises.hpp"
#include "region/agent/role.hpp"
#include "region/agent/server.hpp"
#include "region/agent/views.hpp"
#include "region/agent/write_lease.hpp"

#include <string>

namespace cloudshelf::region {

/// What the agent says of its site: to the other sites and the controllers (`GET /v1/status`), and to Prometheus.
class Status {
public:
    /// `server` and `role`: null at the witness.
    Status(
        const AgentConfig& config,
        const WriteLease& lease,
        const Promises& promises,
        const Names& names,
        const Views& views,
        const clocks::SiteClocks& clocks,
        const Server* server,
        const Role* role
    );

    io::HttpResponse answer() const;
    /// The answer to a promotion that is done.
    io::HttpResponse promoted(Epoch epoch, Duration took) const;
    io::HttpResponse metrics() const;

private:
    std::string role_name() const;
    postgres::Observation seen() const;

    const AgentConfig& config_;
    const WriteLease& lease_;
    const Promises& promises_;
    const Names& names_;
    const Views& views_;
    const clocks::SiteClocks& clocks_;
    const Server* server_;
    const Role* role_;
};

}  // namespace cloudshelf::region
