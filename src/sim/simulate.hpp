#pragma once

#include "sim/world.hpp"

#include <cstdint>
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

}  // namespace cloudshelf::sim
