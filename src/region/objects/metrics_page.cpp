#include "region/objects/metrics_page.hpp"

#include "region/objects/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

namespace cloudshelf::objects {
namespace {

void head(std::string& to, std::string_view name, std::string_view kind, std::string_view help) {
    fmt::format_to(
        std::back_inserter(to),
        "# HELP cloudshelf_objects_{0} {1}\n# TYPE cloudshelf_objects_{0} {2}\n",
        name,
        help,
        kind
    );
}

template <class Value>
void one(std::string& to, std::string_view name, std::string_view kind, std::string_view help, Value value) {
    head(to, name, kind, help);
    fmt::format_to(std::back_inserter(to), "cloudshelf_objects_{} {}\n", name, value);
}

/// A line for each region.
template <class Map, class Value>
void per_region(
    std::string& to,
    std::string_view name,
    std::string_view kind,
    std::string_view help,
    const Map& regions,
    Value value
) {
    head(to, name, kind, help);
    for (const auto& [region, of] : regions) {
        fmt::format_to(
            std::back_inserter(to), "cloudshelf_objects_{}{{region=\"{}\"}} {}\n", name, region.value(), value(of)
        );
    }
}

void append_log(std::string& to, const changelog::Metrics& log) {
    one(to, "log_last", "counter", "Position of the newest change.", log.last.value());
    one(to, "log_low_water", "counter", "Changes up to here are gone.", log.low_water.value());
    one(to, "log_bytes", "gauge", "Size of the log.", log.log_bytes);
    one(to, "log_commits_total", "counter", "Commits, each with one fsync.", log.groups);
    one(to, "log_refused_total", "counter", "Entries refused: corrupt, or from the future.", log.refused_entries);
    one(to, "replicas_overtaken_total", "counter", "How often trimming passed a region.", log.replicas_overtaken);
    one(to, "disk_full", "gauge", "1: writes are refused until there is space.", log.disk_full ? 1 : 0);
    one(to, "needs_reopening", "gauge", "1: a commit failed, writes are refused.", log.needs_reopening ? 1 : 0);
    std::map<RegionName, changelog::Position> confirmed;
    for (const auto& replica : log.replicas) confirmed[replica.region] = replica.confirmed;
    per_region(
        to,
        "replica_confirmed",
        "gauge",
        "Position of our log up to which a region has it.",
        confirmed,
        [](const auto& position) { return position.value(); }
    );
}

void append_contents(std::string& to, const contents::Metrics& contents) {
    one(to, "content_files", "gauge", "Files of contents.", contents.files);
    one(to, "content_bytes", "gauge", "Their size on the disk.", contents.bytes);
    one(to, "contents_written_total", "counter", "Contents that became durable.", contents.written);
    one(to, "content_written_bytes_total", "counter", "Plain bytes of these.", contents.written_bytes);
    one(to, "contents_found_total", "counter", "Contents that were there already.", contents.found);
    one(to, "content_read_bytes_total", "counter", "Plain bytes read, checks included.", contents.read_bytes);
    one(to, "contents_removed_total", "counter", "Files removed as nobody referred to them.", contents.removed);
    one(to, "contents_corrupt_total", "counter", "How often a file was found altered.", contents.corrupt);
    one(to, "contents_quarantined_total", "counter", "Files set aside.", contents.quarantined);
    one(to, "contents_rewrapped_total", "counter", "Files given a newer version of their key.", contents.rewrapped);
}

void append_pending(std::string& to, const std::map<RegionName, Pending>& pending, std::int64_t now_ms) {
    per_region(
        to,
        "replication_pending",
        "gauge",
        "Versions that a region does not have yet.",
        pending,
        [](const Pending& of) { return of.objects(); }
    );
    per_region(to, "replication_pending_bytes", "gauge", "Their bytes.", pending, [](const Pending& of) {
        return of.bytes();
    });
    per_region(
        to,
        "replication_pending_age_seconds",
        "gauge",
        "Age of the oldest of them: the recovery point, live.",
        pending,
        [now_ms](const Pending& of) { return std::chrono::duration<double>(of.age(now_ms)).count(); }
    );
    per_region(
        to,
        "replicated_total",
        "counter",
        "Versions that a region has taken in since the start.",
        pending,
        [](const Pending& of) { return of.replicated_objects(); }
    );
    per_region(to, "replicated_bytes_total", "counter", "Their bytes.", pending, [](const Pending& of) {
        return of.replicated_bytes();
    });
}

void append_followings(std::string& to, const std::map<RegionName, Following>& followings, std::int64_t now_ms) {
    per_region(
        to,
        "followed_behind",
        "gauge",
        "Changes of a region's log that are not here, as it last said.",
        followings,
        [](const Following& of) {
            return of.source_last.value() - std::min(of.source_last.value(), of.position.value());
        }
    );
    per_region(
        to,
        "followed_age_seconds",
        "gauge",
        "How long ago a region had nothing that is not here; -1: never yet.",
        followings,
        [now_ms](const Following& of) {
            if (of.in_step_ms == 0) return -1.0;
            return static_cast<double>(std::max<std::int64_t>(0, now_ms - of.in_step_ms)) / 1000;
        }
    );
    per_region(
        to,
        "replicas_received_total",
        "counter",
        "Versions and markers that came from a region.",
        followings,
        [](const Following& of) { return of.replicas; }
    );
    per_region(to, "replica_received_bytes_total", "counter", "Their sizes.", followings, [](const Following& of) {
        return of.replica_bytes;
    });
    per_region(
        to,
        "fetched_bytes_total",
        "counter",
        "Bytes of contents that crossed from a region.",
        followings,
        [](const Following& of) { return of.fetched_bytes; }
    );
}

using Failures = std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t>;

/// How many versions failed, by region, destination and reason.
Failures count_failures(Service& service) {
    Failures counted;
    const auto add = [&counted](std::string_view, const Failure& failure) {
        ++counted[{failure.region.value(), failure.destination, failure.code}];
        return true;
    };
    const auto read = each_failure(service.log().view(), service.storage(), {}, {}, add);
    if (!read) counted.clear();  // what the disk doesn't tell isn't there
    return counted;
}

void append_failures(std::string& to, const Failures& failures) {
    head(to, "replication_failed", "gauge", "Versions that a region could not take, by its reason.");
    for (const auto& [of, count] : failures) {
        const auto& [region, destination, code] = of;
        fmt::format_to(
            std::back_inserter(to),
            "cloudshelf_objects_replication_failed{{region=\"{}\",bucket=\"{}\",reason=\"{}\"}} {}\n",
            region,
            destination,
            code,
            count
        );
    }
}

}  // namespace

io::Task<std::string> metrics_page(
    Service& service,
    const Replicator& replicator,
    const Scrubber& scrubber,
    const Rewrapper& rewrapper,
    const program::RequestMetrics& requests
) {
    auto work = [&service] { return std::pair(service.log().metrics(), count_failures(service)); };
    const auto read = co_await service.working().run(std::move(work));
    const auto now_ms = service.wall_ms();
    std::string page;
    requests.append(page);
    one(page, "buckets", "gauge", "Buckets there are.", service.buckets().all().size());
    append_log(page, read.first);
    append_contents(page, service.contents().metrics());
    append_pending(page, replicator.pending(), now_ms);
    append_failures(page, read.second);
    append_followings(page, service.followings(), now_ms);
    one(page, "scrubbed_total", "counter", "Contents that were read whole and compared.", scrubber.checked());
    one(page, "scrub_rounds_total", "counter", "Rounds through all contents.", scrubber.rounds());
    one(page, "contents_repaired_total", "counter", "Contents brought back from a region.", service.repairs().repaired()
    );
    one(page, "contents_lost_total", "counter", "Contents that no region has whole.", service.repairs().lost());
    one(page, "rewrapping", "gauge", "1: contents are being looked at for older keys.", rewrapper.running() ? 1 : 0);
    one(page, "rewrap_looked", "gauge", "Contents looked at in this round, or the last.", rewrapper.round().looked);
    one(page, "rewrap_failed", "gauge", "Of these, those left under an older key.", rewrapper.round().failed);
    co_return page;
}

}  // namespace cloudshelf::objects
