#pragma once

#include "controller/look_counts.hpp"
#include "core/health_check.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

namespace cloudshelf::controller {

/// What this site's health checks saw lately, numbered, for the controllers at other sites to fetch: each takes what is
/// new to it.
class Looks {
public:
    static constexpr std::size_t kept_max = 8192;  // a controller that stays away longer begins anew

    void saw(const core::CheckName& check, core::Observation observation);
    /// A look began that much behind its time.
    void late(Duration behind) { lateness_.add(behind); }
    const LookCounts& lateness() const { return lateness_; }
    std::uint64_t failures() const { return failures_; }
    /// `{"begun": …, "next": 8, "looks": [["cloudshelf/primary", "passed"], …]}`: those numbered `after` and above.
    /// `begun` is another number after each start of this process.
    boost::json::object since(std::uint64_t after) const;

private:
    struct Look {
        core::CheckName check;
        core::Observation observation;
    };
    std::deque<Look> looks_;
    std::uint64_t next_ = 0;
    std::uint64_t failures_ = 0;
    LookCounts lateness_;
};

/// The other end: follows the looks of one site.
class LooksElsewhere {
public:
    using Told = std::function<void(const core::CheckName& check, core::Observation observation)>;

    /// The query to ask with: "/v1/looks?after=8".
    std::string target() const;
    /// Tells each look of an answer; one that cannot be read says nothing.
    void heard(const boost::json::value& answer, const Told& told);

private:
    std::int64_t begun_ = 0;
    std::uint64_t next_ = 0;
};

}  // namespace cloudshelf::controller
