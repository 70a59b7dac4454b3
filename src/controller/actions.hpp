#pragma once

#include "controller/config.hpp"
#include "controller/services.hpp"
#include "controller/watch.hpp"
#include "core/execution.hpp"
#include "core/lease.hpp"
#include "drivers/dns/dns.hpp"
#include "io/http.hpp"

#include <boost/json/value.hpp>

#include <string>

namespace cloudshelf::controller {

/// Carries out what an execution asks for. Every action may be repeated: it finds out whether it is done already, and
/// whoever receives it refuses an epoch older than what they know. Chooses nothing.
class Actions {
public:
    Actions(const Services& services, const ApplicationConfig& config, const Watch& watch, core::LeaseTaker& taker)
        : services_(services), config_(config), watch_(watch), taker_(taker) {}

    /// Errors carry `retryable`.
    io::Task<Result<void>> perform(std::string action, core::Execution& execution, io::Deadline deadline);

    /// What the zone is to say for this region serving, at this epoch.
    std::vector<dns::RecordSet> records(const RegionName& serving) const;
    /// Tells one site's agent to bring its nameserver there.
    io::Task<Result<void>> change_dns(
        io::Endpoint agent, dns::Version version, RegionName serving, io::Deadline deadline
    );

private:
    /// Brings one site's names to this epoch, whatever happened to them within it.
    io::Task<Result<void>> point_names(SiteConfig site, Epoch epoch, RegionName serving, io::Deadline deadline);
    io::Task<Result<boost::json::value>> status_of(RegionName region, io::Deadline deadline);
    io::Task<Result<void>> check_standby(RegionName region, io::Deadline deadline);
    io::Task<Result<void>> check_standby_for(const core::Execution& execution, io::Deadline deadline);
    io::Task<Result<void>> check_in_step(RegionName region, io::Deadline deadline);
    io::Task<Result<void>> take_lease(core::Execution& execution, io::Deadline deadline);
    io::Task<void> tell_to_fence(RegionName region, Epoch epoch);
    io::Task<Result<void>> wait_for_replay(RegionName region, Lsn position, io::Deadline deadline);
    io::Task<Result<void>> promote(core::Execution& execution, io::Deadline deadline);
    io::Task<Result<void>> point_functions(RegionName to, io::Deadline deadline);
    io::Task<Result<void>> look_at_website(RegionName to, io::Deadline deadline);
    io::Task<Result<void>> look_at_tables(core::Execution& execution, io::Deadline deadline);
    io::Task<Result<void>> switch_traffic(RegionName to, Epoch epoch, io::Deadline deadline);
    io::Task<Result<void>> verify_outside(RegionName to, Epoch epoch, io::Deadline deadline);
    io::Task<Result<void>> tell_writer(
        std::string call, core::Execution& execution, Duration limit, io::Deadline deadline
    );
    io::Task<Result<void>> demote(core::Execution& execution, io::Deadline deadline);
    io::Task<Result<void>> resume_writer(core::Execution& execution, io::Deadline deadline);
    io::Task<Result<std::string>> agent(io::Endpoint to, std::string call, std::string body, io::Deadline deadline);
    /// Whether a move waits for this site's nameserver to say the same as the others.
    bool has_to_follow(const SiteConfig& site, const RegionName& to) const;
    /// Asks the store what the lease is now: others change it too, through other controllers.
    io::Task<void> refresh();

    const Services& services_;
    const ApplicationConfig& config_;
    const Watch& watch_;
    core::LeaseTaker& taker_;
};

}  // namespace cloudshelf::controller
