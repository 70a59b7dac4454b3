#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cloudshelf::core {

/// Which snapshots recovery to a point in time needs no more: of those at or before the begin of its window all but the
/// newest, from which the window's first moments are reached. `made_ms`: when each was made, since 1970, in that order.
/// Answers indexes into it.
std::vector<std::size_t> outlived_snapshots(const std::vector<std::int64_t>& made_ms, std::int64_t window_from_ms);

}  // namespace cloudshelf::core
