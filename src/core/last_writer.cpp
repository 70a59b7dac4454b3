#include "core/last_writer.hpp"

namespace cloudshelf::core {

Contest last_writer(const std::optional<ItemVersion>& current, const ItemVersion& incoming, std::uint16_t here) {
    if (!current) return {.winner = Winner::incoming};
    if (current->stamp == incoming.stamp) return {.winner = Winner::same};
    if (incoming.stamp < current->stamp) return {.winner = Winner::current};
    return {
        .winner = Winner::incoming,
        .record_conflict = current->stamp.site == here && incoming.replaced != current->stamp
    };
}

}  // namespace cloudshelf::core
