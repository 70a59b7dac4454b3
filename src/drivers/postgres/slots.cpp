#include "drivers/postgres/slots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cloudshelf::postgres {
namespace {

struct Slot {
    std::string name;
    std::string create;  // the call that makes it
};

std::array<Slot, 2> slots(const RegionName& peer) {
    const std::string standby = standby_slot(peer);
    return {{
        {standby, fmt::format("pg_create_physical_replication_slot('{}', true)", standby)},
        {stranded_slot, fmt::format("pg_create_logical_replication_slot('{}', 'test_decoding')", stranded_slot)},
    }};
}

}  // namespace

std::string standby_slot(const RegionName& region) {
    std::string name = "standby_" + region.value();
    std::ranges::replace(name, '-', '_');
    return name;
}

Result<void> make_slots(Connection& writer, const RegionName& peer) {
    for (const auto& slot : slots(peer)) {
        const auto made = writer.execute(fmt::format(
            "SELECT {} WHERE NOT EXISTS (SELECT 1 FROM pg_replication_slots WHERE slot_name = '{}')",
            slot.create,
            slot.name
        ));
        if (!made) return fail(made.error());
    }
    return {};
}

Result<void> remake_lost_slots(Connection& writer, const RegionName& peer) {
    for (const auto& slot : slots(peer)) {
        const auto lost = writer.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
            " WHERE slot_name = $1 AND wal_status = 'lost' AND NOT active",
            {slot.name}
        );
        if (!lost) return fail(lost.error());
        if (lost->rows.empty()) continue;
        const auto again = writer.execute("SELECT " + slot.create);
        if (!again) return fail(again.error());
    }
    return {};
}

Result<void> advance_stranded_slot(Connection& writer, const RegionName& peer) {
    const auto advanced = writer.execute(fmt::format(
        "SELECT pg_replication_slot_advance(s.slot_name, r.flush_lsn)"
        " FROM pg_replication_slots s, pg_stat_replication r"
        " WHERE s.slot_name = '{}' AND NOT s.active AND r.application_name = '{}' AND r.state = 'streaming'"
        " AND r.flush_lsn > s.confirmed_flush_lsn",
        stranded_slot,
        peer.value()
    ));
    if (!advanced) return fail(advanced.error());
    return {};
}

}  // namespace cloudshelf::postgres
