#pragma once

#include "sim/world.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace cloudshelf::sim {

/// Many worlds: what they showed together.
struct Survey {
    std::uint64_t seeds = 0;
    std::uint64_t events = 0;
    Duration simulated{};
    std::uint64_t hash = 0;  // of all of them, in whatever order they ran
    struct Failure {
        std::uint64_t seed = 0;
        std::string what;
    };
    std::vector<Failure> failures;
    std::map<std::string, std::uint64_t> sometimes;  // worlds in which it happened
    std::set<std::string> transitions;
    /// The longest that any world took to be writable again after its faults, in multiples of the profile's measure.
    std::map<std::string, Duration> writable_after;  // profile → the longest

    void add(const Scenario& scenario, const Verdicts& verdicts);
};

/// The worlds of these seeds, one after the other, until one fails.
Survey survey(std::uint64_t first_seed, std::uint64_t seeds, Planted planted = Planted::nothing);

/// Worlds side by side. What they show together does not depend on how many threads there are, unless they stop early.
struct WorldsAtOnce {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 1;
    unsigned threads = 1;
    std::size_t failures_max = 10;                 // then it is enough
    std::function<bool(std::uint64_t)> done = {};  // told how many worlds there were; false: stop
};
/// The failures of it stand in the order of their seeds.
Survey survey(const WorldsAtOnce& wanted);

}  // namespace cloudshelf::sim
