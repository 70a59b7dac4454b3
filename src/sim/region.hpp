#pragma once

#include "core/lease.hpp"
#include "core/lease_record.hpp"
#include "sim/database.hpp"
#include "sim/process.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace cloudshelf::sim {

enum class PageState { fenced, writing, paused, remote };

/// What the agent, the fencer and the gateway share; in memory, so that it outlives the agent and not the machine.
struct LeasePage {
    PageState state = PageState::fenced;
    Epoch epoch{0};
    TimePoint deadline{};  // by the region's clock

    bool may_write(TimePoint now) const { return state == PageState::writing && now < deadline; }
};

/// A site's nameserver: where the serving name points, under a version that only grows.
struct Nameserver {
    std::uint64_t epoch = 1;
    std::uint64_t change = 1;
    std::optional<std::size_t> points_to = 0;
};

/// A site of the world with everything that runs at it. Sites 0 and 1 are the regions; the witness is 2 and has no
/// database.
struct Region {
    Region(Loop& loop, Site site, const Clock& clock)
        : agent(loop, site, clock),
          server(loop, site, clock),
          controller(loop, site, clock),
          store(loop, site, clock) {}

    Process agent;
    Process server;  // PostgreSQL, its fencer and the gateway: as long as the machine runs
    Process controller;
    Process store;  // the state store's member
    LeasePage page;
    Database database;
    Nameserver names;
    int nameserver_stops = 0;                     // faults that keep it silent
    core::KnownEpochs known{.newest = Epoch(1)};  // on disk
    int disk_full = 0;                            // faults that fill the agent's
    std::uint64_t fences = 0;
    std::uint64_t boots = 1;

    bool has_power() const { return server.alive(); }
    /// Whether its nameserver says anything to those who reach it.
    bool names_answer() const { return server.runs() && nameserver_stops == 0; }
};

}  // namespace cloudshelf::sim
