#pragma once

#include "base/result.hpp"
#include "core/health_check.hpp"
#include "core/timing.hpp"
#include "drivers/probe/rounds.hpp"
#include "io/task.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::controller {

/// Where a check stands, for people and metrics. What was seen is what this site saw, and nothing before its first look
/// or where the check is not probed.
struct CheckStatus {
    core::CheckName name;
    core::CheckType type{};
    core::HealthStatus status{};  // of all sites' looks together
    std::optional<core::Observation> latest;
    std::optional<core::Observation> last_failure;
    std::optional<Duration> latency;      // of the latest look that passed, whole
    std::optional<int> certificate_days;  // left at the latest look under TLS; below zero once it has ended
    bool certificate_warning = false;     // fewer than the check wants
};

/// This site's health checks: looks at each when its turn comes, hears what other sites saw, and tells of each change.
/// Lives on one executor that runs on one thread; ends with the object, which may be let go of by those it tells.
class HealthChecker {
public:
    struct Check {
        core::CheckOptions options;
        /// Of checks that are probed; its type and search are the options'.
        std::optional<probe::Target> target;
    };
    struct Options {
        core::VantageName here;
        std::vector<Check> checks;  // in any order
        core::ProbePacing pacing = core::ProbePacing::after_answer;
        probe::Rounds::Options rounds;  // with a seed of this site's own, so that sites do not fall into step
    };
    struct Told {
        std::function<void(const core::StatusChange&)> changed;
        /// Each look of this site's, certificate counted in: what the other sites are to be told. May be left out.
        std::function<void(const core::CheckName&, core::Observation)> saw;
        /// How far behind the time it was meant for each look began. May be left out.
        std::function<void(Duration)> late;
    };

    /// Looks begin within an interval each. Errors: those of core::HealthChecks::put and probe::Prober::add,
    /// "health.no-target" (a check that is probed has to have one), "health.name-twice".
    static Result<std::unique_ptr<HealthChecker>> start(io::Executor executor, Options options, Told told);
    ~HealthChecker();
    HealthChecker(const HealthChecker&) = delete;
    HealthChecker& operator=(const HealthChecker&) = delete;

    /// In the order of the options.
    std::vector<CheckStatus> status() const;

    /// What another site saw; of a check that is not here: nothing. This site's own name is not to be used.
    void saw_elsewhere(const core::VantageName& vantage, const core::CheckName& check, core::Observation observation);
    /// A site that is no longer asked.
    void forget(const core::VantageName& vantage);
    /// To be repeated with every evaluation of the alarm.
    void alarm_is(const std::string& alarm, core::AlarmState state);

private:
    struct Impl;
    explicit HealthChecker(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace cloudshelf::controller
