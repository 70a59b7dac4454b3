#pragma once

#include "io/http.hpp"
#include "region/agent/commands.hpp"
#include "region/agent/config.hpp"
#include "region/agent/names.hpp"
#include "region/agent/promises.hpp"
#include "region/agent/status.hpp"
#include "region/agent/write_lease.hpp"

namespace cloudshelf::region {

/// The agent's HTTP interface (docs/architecture.md): who may ask, JSON in and out, which status an error has.
class Api {
public:
    /// `commands`: null at the witness, which holds no data.
    Api(const AgentConfig& config,
        const Status& status,
        const clocks::SiteClocks& clocks,
        WriteLease& lease,
        Promises& promises,
        Names& names,
        Commands* commands);

    io::Task<io::HttpResponse> answer(io::HttpRequest request);

private:
    io::Task<io::HttpResponse> carry_out(std::string what, io::HttpRequest request);
    io::HttpResponse promise(const boost::json::value& body);
    io::Task<io::HttpResponse> promote(boost::json::value body);
    io::Task<io::HttpResponse> demote(Epoch epoch);
    io::Task<io::HttpResponse> change_dns(boost::json::value body);

    const AgentConfig& config_;
    const Status& status_;
    const clocks::SiteClocks& clocks_;
    WriteLease& lease_;
    Promises& promises_;
    Names& names_;
    Commands* commands_;
};

}  // namespace cloudshelf::region
