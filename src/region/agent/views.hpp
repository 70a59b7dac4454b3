#pragma once

#include "drivers/clocks/site_clocks.hpp"
#include "io/http.hpp"
#include "region/agent/config.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <string>

namespace cloudshelf::region {

/// What this site sees of the others: a vantage (core/detection judges what several of them see).
class Views {
public:
    /// `client`: to the other sites' agents.
    Views(io::Executor executor, const AgentConfig& config, io::HttpClient& client, clocks::SiteClocks& clocks);

    /// Looks at every other region's gateway, and at the peer's agent, until the end.
    void start();
    /// By region: {"gateway": true, "agent": false}.
    boost::json::object status() const;

private:
    struct Target {
        std::string region;
        std::string what;  // "gateway", "agent"
        io::HttpClient* client;
        io::Endpoint endpoint;
        io::HttpRequest question;
    };
    io::Task<void> watch(Target target);
    io::Task<void> look_at(Target target);

    io::Executor executor_;
    const AgentConfig& config_;
    io::HttpClient& client_;
    io::HttpClient gateways_;  // as customers call them: plain
    clocks::SiteClocks& clocks_;
    std::map<std::string, std::map<std::string, bool>> seen_;
};

}  // namespace cloudshelf::region
