#pragma once

#include "sim/world.hpp"

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
    struct Failure {
        std::uint64_t seed = 0;
        std::string what;
    };
    std::vector<Failure> failures;                   // in the order of seeds
    std::map<std::string, std::uint64_t> sometimes;  // worlds in which it happened
    std::set<std::string> transitions;
};

struct SurveyOptions {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 1000;
    Planted planted = Planted::nothing;
    unsigned threads = 1;
    std::uint64_t failures_max = 10;  // then it stops
    std::function<void(std::uint64_t done)> progress;
    std::function<bool()> stop;
};

/// The scenario of a seed: of ten worlds one is calm, one mild, and eight are rough.
Scenario scenario_of(std::uint64_t seed, Planted planted = Planted::nothing);

Survey survey(const SurveyOptions& options);

}  // namespace cloudshelf::sim
