#include "core/promotion.hpp"

#include <fmt/format.h>

namespace cloudshelf::core {

Result<void> check_order(const PromotionOrder& order, const PromotionKnowledge& knowledge) {
    const bool writes_at_another = knowledge.holds && *knowledge.holds != order.epoch;
    if (order.epoch < knowledge.known.newest || writes_at_another) {
        return fail(
            "stale-epoch",
            fmt::format("epoch {} is known here, {} was asked for", knowledge.known.newest.value(), order.epoch.value())
        );
    }
    // The store says so only if it was put back to a state from before that epoch was given away.
    if (order.epoch <= knowledge.known.of_another)
        return fail("stale-epoch", fmt::format("epoch {} was another region's", order.epoch.value()));
    if (order.fenced.value() + 1 == order.epoch.value()) return {};
    return fail(
        "no-fence-record",
        fmt::format("epoch {} needs the fence record of {}", order.epoch.value(), order.epoch.value() - 1)
    );
}

Result<void> check_lease(const PromotionOrder& order, const RegionName& self, const std::optional<LeaseRecord>& lease) {
    if (lease && lease->region == self && lease->epoch == order.epoch) return {};
    return fail("stale-epoch", "the lease is not ours at this epoch");
}

Result<void> check_fence(const PromotionOrder& order, const LeaseRecord& lease) {
    if (lease.fence.epoch == order.fenced) return {};
    return fail("no-fence-record", "the lease carries another fence record than the command");
}

Result<void> check_replayed(const PromotionToken& token, const Replayed& replayed) {
    if (replayed.system_id != token.system_id || replayed.timeline > token.timeline)
        return fail("token-mismatch", "the token is of another database or timeline");
    if (replayed.lsn > token.lsn) return {};
    return fail(
        "not-caught-up", fmt::format("replayed {}, the old writer ended at {}", text(replayed.lsn), text(token.lsn))
    );
}

}  // namespace cloudshelf::core
