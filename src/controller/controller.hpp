#pragma once

#include "controller/api.hpp"
#include "controller/applications.hpp"
#include "controller/config.hpp"
#include "controller/health.hpp"
#include "controller/journal_copy.hpp"
#include "controller/leadership.hpp"
#include "controller/looks.hpp"
#include "controller/peers.hpp"
#include "controller/services.hpp"
#include "controller/stores.hpp"

#include <memory>
#include <string>

namespace cloudshelf::controller {

/// The daemon around the core, one at each site: every one watches its applications and serves the state store to the
/// agents; the one that leads decides and carries out. One loop. Failing to reach it never stops an agent or a running
/// shop.
class Controller {
public:
    Controller(io::Executor executor, ControllerConfig config, OpenStore store);

    /// Until asked to end, or until the lead is lost: then nothing that it had begun may go on.
    io::Task<int> run();

private:
    core::Candidate candidate() const;
    Result<void> begin_health_checks();
    io::Task<void> watch_leases();
    io::Task<void> read_leases();
    io::Task<void> decide();
    io::Task<void> pay_attention();
    io::Task<void> lead();
    io::Task<void> read_journal();
    /// A controller alone that may never lead is of no use.
    io::Task<void> end_where_useless();
    int exit_status() const;
    io::Task<void> keep_store_near();

    io::Executor executor_;
    ControllerConfig config_;
    OpenStore store_;
    io::HttpClient agents_;
    io::HttpClient gateways_;
    LookCounts look_counts_;  // at regions
    Attention attention_;
    Services services_;
    std::uint64_t next_id_ = 1;
    Applications applications_;
    Leadership leadership_;
    JournalCopy copy_;
    Looks looks_;
    std::unique_ptr<HealthChecker> health_;  // of all applications
    std::uint64_t leases_mark_ = 0;          // up to where the leases' changes are known
    Peers peers_;
    Api api_;
};

/// The exit status of a controller that led and does not any more; the site's init starts it again.
inline constexpr int exit_lost_the_lead = 75;
/// Of one that ends, or is alone, and may not lead because the state is of a newer release.
inline constexpr int exit_newer_state = 76;

}  // namespace cloudshelf::controller
