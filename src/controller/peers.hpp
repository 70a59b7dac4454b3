#pragma once

#include "controller/config.hpp"
#include "controller/looks.hpp"
#include "controller/services.hpp"

#include <functional>
#include <map>
#include <set>

namespace cloudshelf::controller {

/// Looks at the controllers at the other sites: which could lead.
class Peers {
public:
    struct Seen {
        bool answers = false;
        bool store = false;               // it reaches the state store
        TimePoint at{};                   // when it answered last
        std::uint64_t known_term = 0;     // the newest that it knows of
        std::uint64_t journal_index = 0;  // where its copy of the journal ends
        std::uint64_t journal_term = 0;
    };

    /// What another site's health checks saw.
    using Told =
        std::function<void(const RegionName& site, const core::CheckName& check, core::Observation observation)>;

    Peers(const Services& services, const ControllerConfig& config, Duration interval, Told told);
    /// Begins to look, for as long as the process lives.
    void begin();

    /// Sites whose controllers answered in their last look and reach the store.
    std::set<RegionName> able() const;
    const std::map<RegionName, Seen>& seen() const { return seen_; }

private:
    io::Task<void> look_at(PeerConfig peer);
    /// The body of an answer of 200; else null.
    io::Task<boost::json::value> ask(const PeerConfig& peer, std::string target);

    const Services& services_;
    const ControllerConfig& config_;
    Duration interval_;
    Told told_;
    std::map<RegionName, Seen> seen_;
};

}  // namespace cloudshelf::controller
