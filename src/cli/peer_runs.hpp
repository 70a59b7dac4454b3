#pragma once

#include "cli/command.hpp"
#include "cli/peer_patroni.hpp"

namespace cloudshelf::cli {

struct PatroniBench {
    std::string profile = "defaults";  // or "fastest"
    int runs = 20;
    std::filesystem::path out;    // summary-patroni-<profile>.md and .json go there
    std::function<bool()> go_on;  // false: a person has interrupted
};

/// `bench-failover --peer patroni`: the same loss, many times over, and the same kind of table as ours.
Exit bench_patroni(const Common& common, const PatroniBench& bench);

}  // namespace cloudshelf::cli
