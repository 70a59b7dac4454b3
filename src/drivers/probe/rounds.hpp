#pragma once

#include "core/probe_schedule.hpp"
#include "drivers/probe/prober.hpp"

#include <chrono>
#include <functional>
#include <memory>

namespace cloudshelf::probe {

/// Looks at each target when its turn comes: a schedule, a prober, and one timer between them. Ends with the object,
/// which may be let go of by the sink, too.
class Rounds {
public:
    struct Options {
        core::ProbeSchedule::Options schedule;
        Prober::Options prober;
        // Looks due within this time begin together, at its end: waking up for each of them alone costs as much again.
        Duration together = std::chrono::milliseconds(5);
    };
    struct Look {
        ProbeResult result;
        Duration late{};  // behind the time it was meant for: this vantage may be the slow one
    };
    using Sink = std::function<void(core::ProbeId, const Look&)>;

    Rounds(io::Executor executor, Options options, Sink sink);
    ~Rounds();
    Rounds(const Rounds&) = delete;
    Rounds& operator=(const Rounds&) = delete;

    /// The first look comes within one interval. Errors: as Prober::add.
    Result<core::ProbeId> add(Target target, Duration interval, core::ProbePacing pacing);
    void remove(core::ProbeId id);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace cloudshelf::probe
