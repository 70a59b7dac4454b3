#include "region/objects/lifecycle.hpp"

#include "io/log.hpp"
#include "region/objects/delete_version.hpp"
#include "region/objects/lifecycle_facts.hpp"
#include "region/objects/lifecycle_uploads.hpp"
#include "region/objects/listing.hpp"
#include "region/objects/replication.hpp"
#include "wire/s3/date.hpp"
#include "wire/s3/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace cloudshelf::objects {

std::int64_t day_seconds_of(const Service& service) {
    const auto day = std::chrono::duration_cast<std::chrono::seconds>(service.options().lifecycle_day);
    return std::max<std::int64_t>(day.count(), 1);
}

namespace {

constexpr std::size_t versions_per_page = 1000;
constexpr std::size_t steps_per_decision = 100;  // requests wait for no more than these
constexpr std::string_view other_rules = "objects.other-rules";

LifecycleClock clock_of(const Service& service, std::int64_t now_ms) {
    return {.now_ms = now_ms, .day_seconds = day_seconds_of(service)};
}

struct Candidate {
    Version version;
    LifecycleStep step;
};

/// Where a walk through a bucket's versions is: behind this one.
struct Place {
    std::string key;
    std::string id;
    std::int64_t since_ms = 0;  // when the version there came
    std::int64_t newer = 0;     // how many of its key are newer than what comes next
};

struct Found {
    std::vector<Candidate> candidates;
    Place reached;
    bool more = false;
};

/// A page of versions, and what is due of them, as far as this page shows. Blocks.
Result<Found> find_due(
    const changelog::View& view, const Storage& storage, const KnownBucket& bucket, Place from, LifecycleClock clock
) {
    const ListQuery query{.prefix = {}, .delimiter = {}, .after = from.key, .items_max = versions_per_page};
    auto page = list_versions(view, storage, bucket.number, query, from.id);
    if (!page) return fail(page.error());
    Found found{.candidates = {}, .reached = std::move(from), .more = page->truncated};
    Place& at = found.reached;
    auto& versions = page->versions;
    for (std::size_t i = 0; i < versions.size(); ++i) {
        auto& version = versions[i].version;
        if (version.key != at.key) at = {.key = version.key, .id = {}, .since_ms = 0, .newer = 0};
        const bool alone = i + 1 == versions.size() || versions[i + 1].version.key != version.key;
        LifecycleFacts facts{
            .version = std::move(version),
            .latest = versions[i].latest,
            .alone = versions[i].latest && alone,
            .noncurrent_since_ms = at.since_ms,
            .newer_noncurrent = std::max<std::int64_t>(at.newer - 1, 0),
        };
        at.id = facts.version.id;
        at.since_ms = facts.version.modified_ms;
        ++at.newer;
        auto step = step_due(*bucket.settings.lifecycle, facts, clock);
        if (step) found.candidates.push_back({.version = std::move(facts.version), .step = std::move(*step)});
    }
    return found;
}

/// One decision's work, on the decisions' thread.
struct Doing {
    const Service& service;
    changelog::Batch& batch;
    const Storage& storage;
    const KnownBucket& bucket;
    Freed& freed;
    LifecycleCounts& counts;
};

Result<void> expire(Doing& doing, const Version& version) {
    if (doing.bucket.versioning == Versioning::never) {
        if (!core::may_delete(version.lock, doing.batch.wall_ms(), core::BypassGovernance::no)) return {};
        ++doing.counts.expired;
        return delete_for_good(doing.batch, doing.storage, doing.bucket.number, version, doing.freed);
    }
    Version marker{.key = version.key, .delete_marker = true, .owner = doing.bucket.owner};
    marker.stamp = marker.changed = doing.batch.stamp();
    marker.modified_ms = doing.batch.wall_ms();
    const bool enabled = doing.bucket.versioning == Versioning::enabled;
    marker.id = enabled ? version_id(marker.stamp) : std::string(null_id);
    ++doing.counts.expired;
    return add_version(doing.batch, doing.storage, doing.bucket.number, marker, doing.freed);
}

Result<void> carry_out(Doing& doing, const LifecycleFacts& facts, const LifecycleStep& step) {
    Version version = facts.version;
    switch (step.act) {
        case LifecycleAct::expire:
            return expire(doing, version);
        case LifecycleAct::transition:
            version.storage_class = step.storage_class;
            ++doing.counts.transitions;
            return change_version(doing.batch, doing.storage, doing.bucket.number, version);
        case LifecycleAct::remove:
        case LifecycleAct::remove_marker:
            if (!core::may_delete(version.lock, doing.batch.wall_ms(), core::BypassGovernance::no)) return {};
            ++(step.act == LifecycleAct::remove ? doing.counts.removed : doing.counts.markers);
            return delete_for_good(doing.batch, doing.storage, doing.bucket.number, version, doing.freed);
    }
    return {};
}

/// Whatever happened to a version since it was found: only what is due still is done.
Result<void> settle(Doing& doing, const Candidate& candidate) {
    const auto& rules = *doing.bucket.settings.lifecycle;
    const auto facts =
        facts_of(doing.batch, doing.storage, doing.bucket.number, candidate.version, newer_versions_max(rules));
    if (!facts) return fail(facts.error());
    // Another one by now, or changed and so to be replicated again: the next round sees it.
    if (!*facts || as_listed((*facts)->version) != candidate.version) return {};
    const auto step = step_due(rules, **facts, clock_of(doing.service, doing.batch.wall_ms()));
    if (step != candidate.step) return {};
    return carry_out(doing, **facts, *step);
}

io::Task<Result<void>> settle_all(
    Service& service, KnownBucketPtr bucket, std::vector<Candidate> candidates, LifecycleCounts* counts
) {
    Freed freed;
    LifecycleCounts done;
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const auto decided = service.buckets().decided(bucket->name);
        const bool same = decided && decided->number == bucket->number &&
                          decided->document(document::lifecycle) == bucket->document(document::lifecycle);
        if (!same) return fail(std::string(other_rules), "the bucket, or its rules, changed meanwhile");
        Doing doing{service, batch, service.storage(), *decided, freed, done};
        for (const auto& candidate : candidates) {
            if (auto settled = settle(doing, candidate); !settled) return settled;
        }
        return {};
    };
    const auto written = co_await service.log().write(std::move(decision));
    if (!written) co_return fail(written.error());
    service.collect(std::move(freed));
    counts->expired += done.expired;
    counts->removed += done.removed;
    counts->markers += done.markers;
    counts->transitions += done.transitions;
    co_return Result<void>();
}

io::Task<Result<void>> go_through(Service& service, KnownBucketPtr bucket, LifecycleCounts* counts) {
    Found found{.candidates = {}, .reached = {}, .more = true};
    while (found.more && !service.stopping()) {
        const auto clock = clock_of(service, service.wall_ms());
        auto work = [view = service.log().view(), storage = service.storage(), bucket, clock, at = found.reached] {
            return find_due(view, storage, *bucket, at, clock);
        };
        auto page = co_await service.working().run(std::move(work));
        if (!page) co_return fail(page.error());
        found = std::move(*page);
        auto& due = found.candidates;
        // What is on its way to another region goes when it has arrived there. What is known of that is the loop's.
        std::erase_if(due, [&](const Candidate& candidate) {
            return replication_status(service, *bucket, candidate.version) == "PENDING";
        });
        while (!due.empty()) {
            const auto count = static_cast<std::ptrdiff_t>(std::min(due.size(), steps_per_decision));
            std::vector<Candidate> some(std::make_move_iterator(due.end() - count), std::make_move_iterator(due.end()));
            due.erase(due.end() - count, due.end());
            const auto settled = co_await settle_all(service, bucket, std::move(some), counts);
            if (!settled && settled.error().code == other_rules) co_return Result<void>();
            if (!settled) co_return fail(settled.error());
        }
    }
    co_return Result<void>();
}

}  // namespace

io::Task<Result<LifecycleCounts>> lifecycle_once(Service& service) {
    LifecycleCounts counts;
    const auto buckets = service.buckets().all();
    for (const auto& bucket : buckets) {
        if (!bucket->settings.lifecycle) continue;
        const auto gone = co_await go_through(service, bucket, &counts);
        if (!gone) co_return fail(gone.error());
        const auto aborted = co_await abort_due_uploads(service, bucket);
        if (!aborted) co_return fail(aborted.error());
        counts.uploads += *aborted;
    }
    co_return counts;
}

io::Task<void> run_lifecycle(Service& service) {
    constexpr Duration shortest = std::chrono::seconds(1);
    const Duration pause = std::max<Duration>(service.options().lifecycle_day / 24, shortest);
    while (!service.stopping()) {
        co_await service.pause(pause);
        if (service.stopping()) co_return;
        const auto round = co_await lifecycle_once(service);
        if (!round) io::log(io::Level::warning, "objects.lifecycle-failed", {{"why", round.error().message}});
    }
}

void append_expiration_header(
    io::Headers& to, const Service& service, const Settings& settings, const Version& version
) {
    if (!settings.lifecycle) return;
    const auto due =
        s3::current_version_due(*settings.lifecycle, subject_of(version), version.modified_ms, day_seconds_of(service));
    if (!due) return;
    const auto at = std::chrono::floor<std::chrono::seconds>(s3::Milliseconds(std::chrono::milliseconds(due->at_ms)));
    to.emplace_back(
        "x-amz-expiration",
        fmt::format(R"(expiry-date="{}", rule-id="{}")", s3::http_date(at), s3::text::percent_encoded(due->rule_id))
    );
}

}  // namespace cloudshelf::objects
