#include "region/tables/metrics_page.hpp"

#include "region/tables/item_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace cloudshelf::tables {
namespace {

void head(std::string& to, std::string_view name, std::string_view kind, std::string_view help) {
    fmt::format_to(std::back_inserter(to), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, kind);
}

template <class Value>
void one(std::string& to, std::string_view name, std::string_view kind, std::string_view help, Value value) {
    head(to, name, kind, help);
    fmt::format_to(std::back_inserter(to), "{} {}\n", name, value);
}

template <class Value>
void per_replica(
    std::string& to,
    std::string_view name,
    std::string_view help,
    const changelog::Metrics& metrics,
    Value (*value)(const changelog::ReplicaMetrics&)
) {
    head(to, name, "gauge", help);
    for (const auto& replica : metrics.replicas) {
        fmt::format_to(
            std::back_inserter(to), "{}{{replica=\"{}\"}} {}\n", name, replica.region.value(), value(replica)
        );
    }
}

}  // namespace

void append_log_metrics(std::string& to, const changelog::Metrics& log) {
    using changelog::ReplicaMetrics;
    one(to, "cloudshelf_tables_log_last", "counter", "Position of the newest change.", log.last.value());
    one(to, "cloudshelf_tables_log_low_water", "counter", "Changes up to here are gone.", log.low_water.value());
    one(to, "cloudshelf_tables_log_bytes", "gauge", "Size of the log.", log.log_bytes);
    one(to, "cloudshelf_tables_log_commits_total", "counter", "Commits, each with one fsync.", log.groups);
    one(to,
        "cloudshelf_tables_log_refused_total",
        "counter",
        "Entries refused: corrupt, out of order, or from the future.",
        log.refused_entries);
    one(to, "cloudshelf_tables_snapshots_total", "counter", "Snapshots taken of this log.", log.snapshots_taken);
    one(to,
        "cloudshelf_tables_replicas_overtaken_total",
        "counter",
        "How often trimming passed a replica, which then needs a snapshot.",
        log.replicas_overtaken);
    one(to, "cloudshelf_tables_disk_full", "gauge", "1: writes are refused until there is space.", log.disk_full ? 1 : 0
    );
    one(to,
        "cloudshelf_tables_needs_reopening",
        "gauge",
        "1: a commit failed, writes are refused until the data is opened anew.",
        log.needs_reopening ? 1 : 0);
    one(to,
        "cloudshelf_tables_unconfirmed_seconds",
        "gauge",
        "Age of the oldest change that some other region has not confirmed: the recovery point, live.",
        log.oldest_unconfirmed_seconds);
    per_replica<std::uint64_t>(
        to,
        "cloudshelf_tables_replica_confirmed",
        "Position up to which a region has confirmed.",
        log,
        [](const ReplicaMetrics& replica) { return replica.confirmed.value(); }
    );
    per_replica<std::uint64_t>(
        to,
        "cloudshelf_tables_replica_lag_entries",
        "Changes that a region has not confirmed yet.",
        log,
        [](const ReplicaMetrics& replica) { return replica.lag_entries; }
    );
    per_replica<double>(
        to,
        "cloudshelf_tables_replica_lag_seconds",
        "Age of the oldest change of ours that a region has not confirmed.",
        log,
        [](const ReplicaMetrics& replica) { return replica.lag_seconds; }
    );
    per_replica<int>(
        to,
        "cloudshelf_tables_replica_needs_snapshot",
        "1: changes were trimmed that the region had not confirmed.",
        log,
        [](const ReplicaMetrics& replica) { return replica.needs_snapshot ? 1 : 0; }
    );
}

void append_following_metrics(std::string& to, const std::map<RegionName, Following>& followings, std::int64_t now_ms) {
    constexpr std::string_view name = "cloudshelf_tables_followed_age_seconds";
    head(to, name, "gauge", "How long ago a region had nothing that is not here.");
    for (const auto& [region, following] : followings) {
        if (following.in_step_ms == 0) continue;
        const auto age = static_cast<double>(std::max<std::int64_t>(0, now_ms - following.in_step_ms)) / 1000;
        fmt::format_to(std::back_inserter(to), "{}{{region=\"{}\"}} {}\n", name, region.value(), age);
    }
}

void append_item_metrics(
    std::string& to, const changelog::View& view, const Storage& storage, const Catalogue& catalogue
) {
    std::string bytes;
    head(to, "cloudshelf_tables_items", "gauge", "Items of a table.");
    head(bytes, "cloudshelf_tables_bytes", "gauge", "Size of a table's items, as DynamoDB counts it.");
    for (const auto& table : catalogue.all()) {
        const auto count = count_of(view, storage, table->number);
        if (!count) continue;  // what the disk doesn't tell isn't there
        fmt::format_to(
            std::back_inserter(to), "cloudshelf_tables_items{{table=\"{}\"}} {}\n", table->name, count->items
        );
        fmt::format_to(
            std::back_inserter(bytes), "cloudshelf_tables_bytes{{table=\"{}\"}} {}\n", table->name, count->bytes
        );
    }
    to += bytes;
    std::uint64_t conflicts = 0;
    const auto add = [&conflicts](std::string_view, std::string_view) { return ++conflicts, true; };
    const auto counted = view.scan(storage.conflicts, {}, add);
    if (!counted) return;
    one(to,
        "cloudshelf_tables_conflicts",
        "gauge",
        "Versions that lost to a write of another region which had not seen them, and are kept.",
        conflicts);
}

}  // namespace cloudshelf::tables
