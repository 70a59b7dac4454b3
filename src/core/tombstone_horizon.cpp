#include "core/tombstone_horizon.hpp"

#include <algorithm>

namespace cloudshelf::core {

void TombstoneHorizon::answered(std::uint64_t confirmed, std::uint64_t their_last, std::uint64_t followed) {
    if (!pending_) pending_ = Pending{.confirmed = confirmed, .their_last = their_last};
    if (followed < pending_->their_last) return;
    settled_ = std::max(settled_, pending_->confirmed);
    pending_.reset();
}

bool may_go(const TombstoneScene& scene, const HybridStamp& stamp, std::uint64_t position) {
    if (scene.replicas.empty()) return true;  // the table is ours alone by now
    if (stamp.wall_ms > scene.now_ms - scene.keep_ms) return false;
    if (stamp.site != scene.here) return scene.replicas.size() == 1 && scene.replicas.front().site == stamp.site;
    return std::ranges::all_of(scene.replicas, [&](const auto& replica) { return position <= replica.settled; });
}

}  // namespace cloudshelf::core
