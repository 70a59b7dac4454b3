#pragma once

#include "base/random.hpp"
#include "base/strong.hpp"
#include "base/time.hpp"
#include "core/timing.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <queue>
#include <vector>

namespace cloudshelf::core {

using ProbeId = Strong<std::uint32_t, struct ProbeIdTag>;

/// When each check is due. Checks of one interval are spread evenly over it, however many there are and whenever they
/// came, so that a thousand of them make a stream and no bursts; each look is then moved a little at random, so that
/// vantages (which have seeds of their own) do not fall into step with each other.
class ProbeSchedule {
public:
    struct Options {
        std::uint64_t seed = 1;
        double jitter = 0.05;  // each look is moved by at most this share of its interval, either way
    };

    explicit ProbeSchedule(Options options);

    /// The first look is due within one interval (and its jitter) from `now`. A known id gets the new interval.
    void add(ProbeId id, Duration interval, ProbePacing pacing, TimePoint now);
    void remove(ProbeId id);

    struct Due {
        ProbeId id;
        TimePoint meant;  // now - meant: how late this vantage itself is
    };
    /// The next check that is due by `now`. With `fixed` pacing its next look is an interval after this one was meant,
    /// and looks that were missed (the machine slept) are left out, not made up for; with `after_answer` it waits for
    /// answered().
    std::optional<Due> take(TimePoint now);
    /// The look that take() gave is over. Changes nothing for `fixed` pacing.
    void answered(ProbeId id, TimePoint now);
    /// When there is something to take; nothing while no check is planned.
    std::optional<TimePoint> next();

private:
    struct Planned {
        TimePoint at;
        ProbeId id;
        std::uint64_t version;  // of the check when this was planned
        friend auto operator<=>(const Planned&, const Planned&) = default;
    };
    struct Check {
        Duration interval{};
        ProbePacing pacing{};
        TimePoint nominal{};  // of the look that is planned, before jitter
        std::uint64_t version = 0;
    };

    void plan(ProbeId id, Check& check);
    void drop_outdated();

    Options options_;
    Random random_;
    double first_phase_;
    std::uint64_t version_ = 0;
    std::map<Duration, std::uint64_t> added_;   // how many checks of an interval there ever were
    std::vector<std::optional<Check>> checks_;  // by id
    std::priority_queue<Planned, std::vector<Planned>, std::greater<>> planned_;
};

}  // namespace cloudshelf::core
