#pragma once

#include "controller/config.hpp"
#include "controller/look_counts.hpp"
#include "core/health_check.hpp"
#include "drivers/probe/rounds.hpp"
#include "io/task.hpp"

#include <cstdint>
#include <vector>

namespace cloudshelf::controller {

/// Looks at every service of every application behind each region's gateway, spread evenly over the interval. What is
/// seen decides nothing yet. One executor, one thread.
class ServiceLooks {
public:
    /// `site`: the vantage.
    ServiceLooks(io::Executor executor, const std::vector<ApplicationConfig>& applications, const RegionName& site);
    ServiceLooks(const ServiceLooks&) = delete;
    ServiceLooks& operator=(const ServiceLooks&) = delete;

    const LookCounts& looks() const { return looks_; }
    std::uint64_t failures() const { return failures_; }

private:
    void saw(core::ProbeId id, const probe::Rounds::Look& look);

    core::VantageName here_;
    core::HealthChecks checks_;
    std::vector<core::CheckName> names_;  // by the probe's id
    LookCounts looks_;
    std::uint64_t failures_ = 0;
    probe::Rounds rounds_;
};

}  // namespace cloudshelf::controller
