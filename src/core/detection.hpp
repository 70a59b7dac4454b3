#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"

#include <map>
#include <string>

namespace cloudshelf::core {

/// What one vantage found of a region in one look.
struct View {
    bool answers = false;  // its gateway or its agent did
    bool streams = false;  // the vantage's own replica receives from it
};

/// What the quorum concludes.
enum class Verdict {
    unknown,  // too few fresh views to say anything
    healthy,
    suspect,                    // some vantage cannot reach it
    down,                       // a quorum of vantages could not for `failure_threshold` looks, and nothing streams
    unreachable_but_streaming,  // nobody reaches it, but its replica receives: moves nothing (design §5)
};
const char* name(Verdict verdict);

/// The views of one region from outside of it, and what they add up to. Wrong detection may cost time, never data.
class RegionHealth {
public:
    struct Options {
        int failure_threshold = 3;  // looks in a row
        int quorum = 2;             // vantages that have to agree
        Duration view_age_max{};    // an older view says nothing
    };

    explicit RegionHealth(Options options) : options_(options) {}

    /// `late`: the vantage looked later than it meant to by more than a look: it may be the slow one, so a failure it
    /// saw does not count (a success does).
    void saw(const std::string& vantage, View view, bool late, TimePoint now);
    Verdict verdict(TimePoint now) const;

private:
    struct Vantage {
        int failures = 0;
        bool streams = false;
        TimePoint seen{};
    };
    Options options_;
    std::map<std::string, Vantage> vantages_;
};

}  // namespace cloudshelf::core
