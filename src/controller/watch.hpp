#pragma once

#include "controller/config.hpp"
#include "controller/services.hpp"
#include "core/detection.hpp"
#include "core/move_policy.hpp"
#include "drivers/clocks/site_clocks.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <map>
#include <set>
#include <string>

namespace cloudshelf::controller {

/// Looks at an application's regions, from here and through the eyes of the agents at other sites.
class Watch {
public:
    /// `site`: where this controller is: one of the vantages.
    Watch(const Services& services, const ApplicationConfig& config, RegionName site);

    /// Begins to look after `phase`, for as long as the process lives.
    void begin(Duration phase);

    struct Seen {
        bool gateway = false;
        bool agent = false;
        int not_writing_looks = 0;        // in a row in which its agent said that it neither writes nor is about to
        int standby_looks = 0;            // in a row in which it said that its server runs and takes no write
        boost::json::value status;        // the agent's last answer
        boost::json::value last_standby;  // the last in which it followed: what would be lost
    };
    const Seen& seen(const RegionName& region) const { return seen_.at(region); }
    core::Verdict verdict(const RegionName& region, TimePoint now) const;
    std::uint64_t probes() const { return probes_; }
    /// The sites' clocks against ours.
    const clocks::SiteClocks& clocks() const { return clocks_; }

    /// What is known of writer and standby, besides the lease. `lease_ran_out`: it may be taken.
    void fill(core::Situation& situation, bool lease_ran_out, TimePoint now) const;
    /// The part of the status that is about regions.
    boost::json::object status(TimePoint now) const;

private:
    Duration view_age_max() const;
    int looks_apart() const;
    io::Task<void> look_at(SiteConfig site, Duration phase);
    /// `late`: this process was, so what fails proves nothing.
    io::Task<void> look_at_gateway(SiteConfig site, bool late);
    io::Task<void> look_at_agent(SiteConfig site, bool late);
    void hear(const SiteConfig& site, const boost::json::value& status, bool late);
    bool slept_since(TimePoint begun) const;

    const Services& services_;
    const ApplicationConfig& config_;
    RegionName site_;
    std::map<RegionName, Seen> seen_;
    std::map<RegionName, core::RegionHealth> health_;
    std::set<RegionName> streams_here_;  // regions that this site's own replica receives from
    clocks::SiteClocks clocks_;
    std::uint64_t probes_ = 0;
};

}  // namespace cloudshelf::controller
