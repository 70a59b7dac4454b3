#include "core/snapshot_retention.hpp"

namespace cloudshelf::core {

std::vector<std::size_t> outlived_snapshots(const std::vector<std::int64_t>& made_ms, std::int64_t window_from_ms) {
    std::vector<std::size_t> outlived;
    for (std::size_t i = 0; i + 1 < made_ms.size(); ++i) {
        if (made_ms[i + 1] <= window_from_ms) outlived.push_back(i);
    }
    return outlived;
}

}  // namespace cloudshelf::core
