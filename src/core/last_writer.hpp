#pragma once

#include "core/hybrid_clock.hpp"

#include <cstdint>
#include <optional>

namespace cloudshelf::core {

/// What is compared of two versions of one item. A deleted item is a version too: its tombstone's.
struct ItemVersion {
    HybridStamp stamp;     // of the write
    HybridStamp replaced;  // of the version its writer saw in this place; all zero when there was none

    friend bool operator==(const ItemVersion&, const ItemVersion&) = default;
};

enum class Winner {
    current,   // leave what is there
    incoming,  // replace it
    same       // they are one and the same: nothing to do
};

struct Contest {
    Winner winner = Winner::same;
    /// The version that is here was written here, loses, and whoever wrote the winner had not seen it: both go into the
    /// conflict log. Only a version's home says so, so that each lost version is recorded once.
    bool record_conflict = false;
};

/// The last writer wins, by stamp (total: the site breaks ties), whatever the order of arrival. `here` is the
/// number of this site. Written here means: `current` was made under `here`'s number.
Contest last_writer(const std::optional<ItemVersion>& current, const ItemVersion& incoming, std::uint16_t here);

}  // namespace cloudshelf::core
