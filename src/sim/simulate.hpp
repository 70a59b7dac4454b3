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
    struct Failure {
        std::uint64_t seed = 0;
        std::string what;
    };
    std::vector<Failure> failures;
    std::map<std::string, std::uint64_t> sometimes;  // worlds in which it happened
    std::set<std::string> transitions;

    void add(std::uint64_t seed, const Verdicts& verdicts);
};

/// The scenario of a seed: of ten worlds one is calm, one mild, and eight are rough.
Scenario scenario_of(std::uint64_t seed, Planted planted = Planted::nothing);

/// The worlds of these seeds, one after the other, until one fails.
Survey survey(std::uint64_t first_seed, std::uint64_t seeds, Planted planted = Planted::nothing);

}  // namespace cloudshelf::sim
