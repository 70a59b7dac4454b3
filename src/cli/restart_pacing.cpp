#include "cli/restart_pacing.hpp"

#include <algorithm>
#include <utility>

namespace cloudshelf::cli {

bool RestartPacing::ended(TimePoint now) {
    if (down_) return false;
    down_ = true;
    why_.clear();
    if (now > tried_ + pause_max) pause_ = Duration::zero();
    return true;
}

bool RestartPacing::tried(TimePoint now, std::optional<std::string> why) {
    tried_ = now;
    pause_ = std::clamp(2 * pause_, pause_min, pause_max);
    down_ = why.has_value();
    if (!why) return true;
    return std::exchange(why_, *why) != *why;
}

}  // namespace cloudshelf::cli
