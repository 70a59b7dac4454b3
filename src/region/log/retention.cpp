#include "region/log/retention.hpp"

#include <algorithm>

namespace cloudshelf::changelog {

Position trim_to(const TrimBounds& bounds) {
    const Position wanted = std::min(bounds.by_keep, bounds.confirmed);
    return std::max(bounds.low_water, std::min(std::max(wanted, bounds.by_limit), bounds.held));
}

}  // namespace cloudshelf::changelog
