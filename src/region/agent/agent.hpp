#pragma once

#include "drivers/clocks/site_clocks.hpp"
#include "io/http.hpp"
#include "io/lease_page.hpp"
#include "region/agent/api.hpp"
#include "region/agent/commands.hpp"
#include "region/agent/config.hpp"
#include "region/agent/names.hpp"
#include "region/agent/promises.hpp"
#include "region/agent/role.hpp"
#include "region/agent/server.hpp"
#include "region/agent/status.hpp"
#include "region/agent/store_client.hpp"
#include "region/agent/views.hpp"
#include "region/agent/write_lease.hpp"

#include <optional>

namespace cloudshelf::region {

/// The shell around the lease and the role rule: turns HTTP, timers and PostgreSQL's state into events, and carries out
/// what the core asks for. One loop; whatever blocks runs in a pool, so that no renewal ever waits for PostgreSQL. What
/// it consists of is in the members' own files; here they are put together and started.
class Agent {
public:
    Agent(io::Executor executor, AgentConfig config, io::LeasePage page);

    /// Until asked to end.
    io::Task<int> run();

private:
    /// What a region has and the witness has not.
    struct Region {
        Region(const io::Executor& executor, Agent& agent);

        Server server;
        Role role;
        Commands commands;
    };

    void start_loops();
    io::Task<void> tend_names();

    io::Executor executor_;
    AgentConfig config_;
    io::HttpClient client_;      // to the other sites
    clocks::SiteClocks clocks_;  // the peer's and the controllers' against ours
    StoreClient store_;
    Promises promises_;
    WriteLease lease_;
    Names names_;
    Views views_;
    std::optional<Region> region_;
    Status status_;
    Api api_;
};

}  // namespace cloudshelf::region
