#pragma once

#include "base/result.hpp"
#include "core/lease.hpp"
#include "drivers/clocks/site_clocks.hpp"
#include "io/http.hpp"
#include "region/agent/config.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cloudshelf::region {

/// The lease in the state store, through the controllers: whichever of them answers, this site's own first. Who
/// answered last is asked first; a controller that does not answer in a quarter of a lease costs that once.
class StoreClient {
public:
    struct Found {
        std::uint64_t revision = 0;
        core::LeaseRecord record;
    };

    /// `clocks` hears of the controllers' clocks by the way.
    StoreClient(io::HttpClient& client, const AgentConfig& config, clocks::SiteClocks& clocks);

    /// Nothing while there is no lease. Errors: "agent.store", the client's, "lease.unreadable".
    io::Task<Result<std::optional<Found>>> read();
    struct Stored {
        std::uint64_t revision = 0;
        core::RenewalTries::Outcome outcome = core::RenewalTries::Outcome::stored_now;
    };
    /// Compare-and-swap on the lease. Asking a second controller after the first gave no answer is safe: at most one of
    /// the two is stored, and finding exactly what we sent means that it was, by this try or an earlier one. Errors:
    /// "conflict": it has another revision; anything else: unknown whether it was or will be stored.
    io::Task<Result<Stored>> swap(std::uint64_t revision, core::LeaseRecord next, io::Deadline deadline);

    /// When a controller answered last.
    TimePoint heard() const { return heard_; }

private:
    io::Task<Result<io::HttpResponse>> ask(io::HttpRequest request, io::Deadline deadline);

    io::HttpClient& client_;
    const AgentConfig& config_;
    clocks::SiteClocks& clocks_;
    std::size_t preferred_ = 0;
    TimePoint heard_;
};

}  // namespace cloudshelf::region
