#pragma once

#include "base/time.hpp"

#include <map>
#include <optional>
#include <string>

namespace cloudshelf::core {

/// The automatic moves of late, for the limit on them (MoveRules::automatic_moves_max). A move counts until a window
/// after its end, not after its beginning: it may be journalled and carried out long after it was decided, by a store
/// that was away meanwhile.
class RecentMoves {
public:
    void begun(const std::string& id) { ended_.try_emplace(id); }
    /// Nothing for one that was not automatic. `at` on the clock that `count` asks with.
    void ended(const std::string& id, TimePoint at) {
        if (const auto found = ended_.find(id); found != ended_.end()) found->second = at;
    }

    int count(TimePoint now, Duration window) const {
        int recent = 0;
        for (const auto& [id, end] : ended_) recent += !end || now - *end < window ? 1 : 0;
        return recent;
    }

private:
    std::map<std::string, std::optional<TimePoint>> ended_;
};

}  // namespace cloudshelf::core
