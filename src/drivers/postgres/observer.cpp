#include "drivers/postgres/observer.hpp"

#include "core/lease_record.hpp"
#include "drivers/postgres/access.hpp"
#include "drivers/postgres/queries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace cloudshelf::postgres {
namespace {

using namespace std::chrono_literals;

Lsn lsn_of(const std::optional<std::string>& text) {
    return core::parse_lsn(text.value_or("")).value_or(Lsn(0));
}

std::string question(const RegionName& peer) {
    return fmt::format(
        "SELECT pg_is_in_recovery(), (SELECT system_identifier FROM pg_control_system()),"
        " CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())::text"
        " ELSE ({})::text END,"
        " CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn() END,"
        " pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(),"
        " (SELECT status FROM pg_stat_wal_receiver), (SELECT received_tli FROM pg_stat_wal_receiver),"
        " (SELECT latest_end_lsn FROM pg_stat_wal_receiver),"
        " r.state, r.sync_state, r.flush_lsn,"
        " CASE WHEN to_regclass('cloudshelf.heartbeat') IS NULL THEN NULL ELSE 1 END"
        " FROM (SELECT 1) AS one LEFT JOIN pg_stat_replication r ON r.application_name = '{}'"
        " ORDER BY r.state = 'streaming' DESC NULLS LAST, r.backend_start DESC LIMIT 1",
        current_timeline,
        peer.value()
    );
}

Observation from(const Row& row) {
    const auto text = [&](std::size_t column) { return row[column].value_or(""); };
    Observation seen{.running = true, .in_recovery = text(0) == "t", .system_id = text(1)};
    seen.timeline =
        static_cast<std::uint32_t>(std::strtoul(text(seen.in_recovery && row[7] ? 7 : 2).c_str(), nullptr, 10));
    seen.lsn = lsn_of(row[3]);
    seen.received = lsn_of(row[4]);
    seen.replayed = lsn_of(row[5]);
    if (seen.in_recovery) {
        seen.streaming = text(6) == "streaming";
        const Lsn sent = std::max(lsn_of(row[8]), seen.received);
        seen.lag_bytes = sent > seen.replayed ? sent.value() - seen.replayed.value() : 0;
    } else {
        seen.streaming = text(9) == "streaming";
        seen.standby_is_sync = text(10) == "sync";
        const Lsn flushed = lsn_of(row[11]);
        seen.lag_bytes = seen.streaming && seen.lsn > flushed ? seen.lsn.value() - flushed.value() : 0;
    }
    return seen;
}

}  // namespace

Result<Observation> Observer::observe() {
    if (!connection_ || !connection_->is_open()) {
        auto opened = Access(options_).admin("cloudshelf", 2s, "-c statement_timeout=3000");
        if (!opened) return fail(opened.error());
        connection_ = std::move(*opened);
    }
    const auto answer = connection_->execute(question(options_.peer));
    if (!answer) {
        connection_.reset();
        return fail(answer.error());
    }
    if (answer->rows.empty()) return fail("postgres.observe", "no answer to the observer's query");
    Observation seen = from(answer->rows[0]);
    if (const bool beats = answer->rows[0][12].has_value(); beats) {
        const auto age =
            connection_->execute("SELECT extract(epoch FROM clock_timestamp() - at) FROM cloudshelf.heartbeat");
        if (age && !age->rows.empty())
            seen.lag_seconds = std::max(0.0, std::strtod(field(*age, 0).c_str(), nullptr) - 1.0);
    }
    return seen;
}

}  // namespace cloudshelf::postgres
