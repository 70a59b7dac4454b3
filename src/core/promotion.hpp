#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/lease.hpp"
#include "core/lease_record.hpp"

#include <optional>
#include <string>

namespace cloudshelf::core {

/// What a controller's command to promote says.
struct PromotionOrder {
    Epoch epoch{0};
    Epoch fenced{0};  // of its fence record: the epoch whose writer has ended
};

/// What the region that is told knows itself.
struct PromotionKnowledge {
    KnownEpochs known;           // kept durably
    std::optional<Epoch> holds;  // the epoch at which it is the writer already
};

/// How far the server's data is.
struct Replayed {
    std::string system_id;
    std::uint32_t timeline = 0;
    Lsn lsn{0};
};

/// The first look at a command, before anything is asked or remembered. Errors: "stale-epoch", "no-fence-record".
Result<void> check_order(const PromotionOrder& order, const PromotionKnowledge& knowledge);
/// Whether the store bears it out; one that it does not changes nothing. `lease`: as the store has it, if it has one.
/// Errors: "stale-epoch".
Result<void> check_lease(const PromotionOrder& order, const RegionName& self, const std::optional<LeaseRecord>& lease);
/// The same fence record in the lease as in the command (design §5, rule 6). Errors: "no-fence-record".
Result<void> check_fence(const PromotionOrder& order, const LeaseRecord& lease);
/// Whether the old writer's last word was replayed. Its position is where its last record begins, so having replayed it
/// means being beyond. Errors: "token-mismatch", "not-caught-up".
Result<void> check_replayed(const PromotionToken& token, const Replayed& replayed);

}  // namespace cloudshelf::core
