#pragma once

#include "core/clock_comparison.hpp"
#include "core/lease.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <map>
#include <string>
#include <string_view>

namespace cloudshelf::clocks {

/// What an answer between sites carries as `"clock"`: `{"id", "monotonic_ns", "wall_ms"}`, read now.
boost::json::object own_clock();

/// The clocks of the other sites against this machine's: heard of by the way, from answers to questions that are asked
/// anyway. Says what deadlines have to allow for, and logs what a person should know. For one thread.
class SiteClocks {
public:
    /// `terms` are the plan's: ρ, and what is tightened.
    explicit SiteClocks(core::LeaseTerms terms) : terms_(terms) {}

    /// `body` answers a question that was sent to `site` at `asked_at` and has just arrived. One without a readable
    /// "clock" (an older version, an error) says nothing.
    void heard_text(const std::string& site, TimePoint asked_at, std::string_view body);
    void heard(const std::string& site, TimePoint asked_at, const boost::json::value& answer);
    void heard(const std::string& site, const core::ClockSample& sample);

    /// The most that any site's clock was measured to differ, where that may exceed ρ; else 0.
    double drift_ppm() const;
    /// The plan's terms, tightened by that.
    core::LeaseTerms terms() const { return core::tightened(terms_, drift_ppm()); }

    /// By site: verdict, bounds of the rate and of the wall clocks' distance, how often it began anew.
    boost::json::object status() const;
    /// Prometheus text. A site whose rate is not known yet has no line.
    std::string metrics() const;

private:
    struct Site {
        core::ClockComparison comparison;
        core::ClockVerdict told = core::ClockVerdict::unknown;  // the last verdict that was logged
        bool wall_told = false;
    };
    void tell(const std::string& name, Site& site) const;

    core::LeaseTerms terms_;
    std::map<std::string, Site> sites_;
};

}  // namespace cloudshelf::clocks
