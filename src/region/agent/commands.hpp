#pragma once

#include "core/promotion.hpp"
#include "io/clock.hpp"
#include "region/agent/config.hpp"
#include "region/agent/promises.hpp"
#include "region/agent/role.hpp"
#include "region/agent/server.hpp"
#include "region/agent/store_client.hpp"
#include "region/agent/write_lease.hpp"

#include <optional>

namespace cloudshelf::region {

/// What a controller tells a region's agent to do (docs/architecture.md, "HTTP between processes"). A command that
/// does not fit what is known here changes nothing. Errors: the codes of that page, and the server's own.
class Commands {
public:
    Commands(
        io::Executor executor,
        const AgentConfig& config,
        WriteLease& lease,
        StoreClient& store,
        Promises& promises,
        Server& server,
        Role& role
    );

    struct Promotion {
        core::PromotionOrder order;
        std::optional<core::PromotionToken> token;  // of a switchover
        io::Deadline deadline;
    };
    /// Returns when the server takes writes; told twice, it is done once.
    io::Task<Result<void>> promote(Promotion command);
    io::Task<Result<void>> prepare_switchover();
    /// Undoes itself after the limit.
    Result<void> pause(Epoch epoch, Duration limit);
    /// Stops the server after its standby has everything, and lets go of the lease.
    io::Task<Result<core::PromotionToken>> demote(Epoch epoch);
    io::Task<Result<void>> fence(Epoch epoch);

private:
    io::Task<Result<void>> wait_for_promises(Promotion command);
    io::Task<Result<void>> wait_for_replay(Promotion command);
    io::Task<Result<void>> prove();
    io::Task<Result<void>> open(io::Deadline deadline);
    io::Task<void> resume_after(Epoch epoch, Duration limit);

    io::Executor executor_;
    const AgentConfig& config_;
    WriteLease& lease_;
    StoreClient& store_;
    Promises& promises_;
    Server& server_;
    Role& role_;
};

}  // namespace cloudshelf::region
