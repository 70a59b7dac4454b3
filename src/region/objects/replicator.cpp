#include "region/objects/replicator.hpp"

#include "base/digest.hpp"
#include "io/log.hpp"
#include "region/objects/failure.hpp"
#include "region/objects/log_again.hpp"
#include "region/objects/receiving.hpp"
#include "region/objects/replication.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace cloudshelf::objects {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 500ms;
constexpr Duration retry_after = 5s;

// Records in "catalogue".
constexpr std::string_view rules_records = "rules/";  // bucket: which rules, then under_way and a place, or all_done
// refill_record: the bucket it has come to, a newline, a place.
constexpr char under_way = '.';
constexpr char all_done = '!';

std::string rules_record(BucketNumber bucket) {
    return fmt::format("{}{}", rules_records, bucket.value());
}

/// Tells documents apart, in few bytes.
std::string mark_of(std::string_view text) {
    return sha256_hex(text).substr(0, 16);
}

bool wants_existing(const KnownBucket& bucket) {
    const auto& rules = bucket.settings.replication;
    return rules && std::ranges::any_of(rules->rules, [](const s3::ReplicationRule& rule) {
               return rule.enabled && rule.existing_objects == true;
           });
}

bool choose_existing(const KnownBucket& bucket, Version& version) {
    if (version.replica || !version.destinations.empty()) return false;
    version.destinations = chosen_destinations(bucket, version, Occasion::existed);
    return !version.destinations.empty();
}

/// By the rules as they are now. One that none sends any more has not failed any more.
bool choose_failed(const KnownBucket& bucket, Version& version) {
    version.destinations = chosen_destinations(bucket, version, Occasion::again);
    return true;
}

bool choose_sent(const KnownBucket&, Version& version) {
    return !version.destinations.empty();
}

io::Task<Result<void>> put_record(Service& service, std::string key, std::string value) {
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        batch.put(service.storage().catalogue, key, value);
        return {};
    };
    const auto written = co_await service.log().write(std::move(decision));
    if (!written) co_return fail(written.error());
    co_return Result<void>();
}

void complain(std::string_view bucket, const Error& why) {
    io::log(
        io::Level::warning,
        "objects.not-sent-again",
        {{"bucket", std::string(bucket)}, {"code", why.code}, {"why", why.message}}
    );
}

/// Versions among a slice of the log, with their sizes.
struct Counted {
    struct One {
        changelog::Position position;
        std::uint64_t bytes = 0;
        std::int64_t logged_ms = 0;
    };
    std::vector<One> versions;
    changelog::Position reached;
};

Result<Counted> count_behind(const changelog::ChangeLog& log, changelog::Position after) {
    const auto slice = log.read(after, {.origin = log.options().region});
    if (!slice) return fail(slice.error());
    Counted counted{.versions = {}, .reached = slice->reached};
    for (const auto& entry : slice->entries) {
        if (!entry.change.kind.starts_with(version_kind)) continue;
        const auto version = decode_version(entry.change.payload);
        const std::uint64_t bytes = version ? version->size : 0;
        counted.versions.push_back({.position = entry.position, .bytes = bytes, .logged_ms = entry.logged_at_ms});
    }
    return counted;
}

}  // namespace

io::Task<void> Replicator::run() {
    resume_refills();
    while (!service_.stopping()) {
        look_at_buckets();
        look_at_retries();
        for (const auto& peer : service_.options().peers) co_await count(peer.region);
        co_await service_.pause(look_every);
    }
}

/// A bucket is another value after each change, so that it is enough to look whether it is still the one that was.
void Replicator::look_at_buckets() {
    if (service_.options().peers.empty()) return;
    std::map<std::string, KnownBucketPtr> now;
    for (const auto& bucket : service_.buckets().all()) {
        now.emplace(bucket->name, bucket);
        const auto before = seen_.find(bucket->name);
        if (before != seen_.end() && before->second == bucket) continue;
        const auto [walk, first] = changed_.insert_or_assign(bucket->name, true);
        if (first) service_.run_behind(follow_bucket(bucket->name));
    }
    seen_ = std::move(now);
}

/// What a bucket's changes ask for, one after the other: of several meanwhile only the last counts.
io::Task<void> Replicator::follow_bucket(std::string name) {
    while (!service_.stopping() && std::exchange(changed_[name], false)) {
        const auto bucket = service_.buckets().find(name);
        Result<void> done;
        if (bucket && bucket->versioning == Versioning::enabled) done = co_await tell_ready(bucket);
        if (done && bucket && bucket->settings.replication) done = co_await follow_rules(bucket);
        if (done) continue;
        complain(name, done.error());
        changed_[name] = true;
        co_await service_.pause(retry_after);
    }
    changed_.erase(name);
}

/// Other regions may have tried before the bucket was made, or had versions, or while its key was missing.
io::Task<Result<void>> Replicator::tell_ready(KnownBucketPtr bucket) {
    const auto record = ready_record(bucket->number);
    const auto mark = mark_of(bucket->document(document::encryption));
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const auto told = batch.get(service_.storage().catalogue, record);
        if (!told) return fail(told.error());
        if (*told == mark) return {};
        batch.put(service_.storage().catalogue, record, mark);
        batch.append({.kind = std::string(ready_kind), .container = bucket->name, .payload = {}});
        return {};
    };
    const auto written = co_await service_.log().write(std::move(decision));
    if (!written) co_return fail(written.error());
    co_return Result<void>();
}

/// New rules: what failed under the old ones is tried by them, and what was there is sent where they want it.
io::Task<Result<void>> Replicator::follow_rules(KnownBucketPtr bucket) {
    const auto record = rules_record(bucket->number);
    const auto rules = mark_of(bucket->document(document::replication));
    const auto stored = service_.log().view().get(service_.storage().catalogue, record);
    if (!stored) co_return fail(stored.error());
    std::string after;
    if (*stored && (*stored)->starts_with(rules)) {
        const std::string_view rest = std::string_view(**stored).substr(rules.size());
        if (rest.starts_with(all_done)) co_return Result<void>();
        after = rest.substr(1);
    } else {
        const auto retried = co_await log_again(service_, {.bucket = bucket->name, .failed_only = true}, choose_failed);
        if (!retried) co_return fail(retried.error());
    }
    if (wants_existing(*bucket)) {
        AgainOptions options{
            .bucket = bucket->name, .after = after, .record = record, .record_head = rules + under_way
        };
        options.wanted = [this, bucket] { return has_rules_of(bucket); };
        const auto sent = co_await log_again(service_, std::move(options), choose_existing);
        if (!sent) co_return fail(sent.error());
        if (!sent->finished) co_return Result<void>();
    }
    auto put = co_await put_record(service_, record, rules + all_done);
    co_return put;
}

/// Whether the bucket's rules are still these: else whoever follows them ends, and the new ones are followed.
bool Replicator::has_rules_of(const KnownBucketPtr& bucket) const {
    const auto now = service_.buckets().find(bucket->name);
    return now && now->number == bucket->number &&
           now->document(document::replication) == bucket->document(document::replication);
}

io::Task<Result<std::uint64_t>> Replicator::retry_failed(std::string destination) {
    std::uint64_t versions = 0;
    const auto buckets = service_.buckets().all();
    for (const auto& bucket : buckets) {
        const auto choose = [destination](const KnownBucket& of, Version& version) {
            const bool concerned =
                destination.empty() || std::ranges::find(version.destinations, destination, &Destination::bucket) !=
                                           version.destinations.end();
            return concerned && choose_failed(of, version);
        };
        const auto retried = co_await log_again(service_, {.bucket = bucket->name, .failed_only = true}, choose);
        if (!retried) co_return fail(retried.error());
        versions += retried->versions;
    }
    co_return versions;
}

/// What other regions said is ready, for each such bucket once at a time.
void Replicator::look_at_retries() {
    std::vector<std::pair<std::string, std::string>> asked;
    const auto collect = [&asked](std::string_view record, std::string_view value) {
        asked.emplace_back(record.substr(retry_records.size()), value);
        return true;
    };
    const auto range = changelog::KeyRange::prefix(std::string(retry_records));
    const auto read = service_.log().view().scan(service_.storage().catalogue, range, collect);
    if (!read) return;  // the log says so elsewhere
    for (auto& [destination, value] : asked) {
        if (retried_.insert(destination).second) service_.run_behind(retry(destination, value));
    }
}

io::Task<void> Replicator::retry(std::string destination, std::string asked) {
    auto done = co_await retry_failed(destination);
    Result<void> noted = done ? Result<void>() : fail(done.error());
    if (noted && !service_.stopping()) noted = co_await end_retry(destination, asked);
    if (!noted) {
        complain(destination, noted.error());
        co_await service_.pause(retry_after);
    }
    retried_.erase(destination);
}

/// One that was asked for meanwhile stays, and is done next.
io::Task<Result<void>> Replicator::end_retry(std::string destination, std::string asked) {
    const auto record = std::string(retry_records) + destination;
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const auto now = batch.get(service_.storage().catalogue, record);
        if (!now) return fail(now.error());
        if (*now == asked) batch.erase(service_.storage().catalogue, record);
        return {};
    };
    const auto written = co_await service_.log().write(std::move(decision));
    if (!written) co_return fail(written.error());
    co_return Result<void>();
}

io::Task<Result<void>> Replicator::refill(RegionName region) {
    const auto round = ++refills_[region];
    const auto begun = co_await put_record(service_, refill_record(region), "\n");
    if (!begun) co_return begun;
    io::log(io::Level::warning, "objects.refilling", {{"region", region.value()}});
    if (round == refills_[region]) service_.run_behind(fill(region));
    co_return Result<void>();
}

void Replicator::resume_refills() {
    for (const auto& peer : service_.options().peers) {
        const auto record = service_.log().view().get(service_.storage().catalogue, refill_record(peer.region));
        if (record && *record) service_.run_behind(fill(peer.region));
    }
}

io::Task<void> Replicator::fill(RegionName region) {
    const auto round = refills_[region];
    const std::string record = refill_record(region);
    while (!service_.stopping() && round == refills_[region]) {
        const auto begun = service_.log().view().get(service_.storage().catalogue, record);
        if (begun && !*begun) co_return;
        Result<bool> filled = fail("objects.bad-record", "where it began cannot be read");
        if (begun) filled = co_await fill_from(region, **begun, round);
        if (filled && *filled) co_return;
        if (!filled) complain(region.value(), filled.error());
        co_await service_.pause(retry_after);
    }
}

/// Every bucket from the one it has come to. Answers whether that was all.
io::Task<Result<bool>> Replicator::fill_from(RegionName region, std::string begun, std::uint64_t round) {
    const std::string record = refill_record(region);
    const auto newline = std::min(begun.find('\n'), begun.size());
    const std::string first = begun.substr(0, newline);
    std::string after = begun.substr(std::min(newline + 1, begun.size()));
    const auto buckets = service_.buckets().all();
    for (const auto& bucket : buckets) {
        if (bucket->name < first) continue;
        AgainOptions options{
            .bucket = bucket->name,
            .after = bucket->name == first ? after : "",
            .record = record,
            .record_head = bucket->name + '\n',
        };
        options.wanted = [this, region, round] { return refills_[region] == round; };
        const auto sent = co_await log_again(service_, std::move(options), choose_sent);
        if (!sent) co_return fail(sent.error());
        if (service_.stopping() || refills_[region] != round) co_return false;
    }
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        batch.erase(service_.storage().catalogue, record);
        return {};
    };
    const auto written = co_await service_.log().write(std::move(decision));
    if (!written) co_return fail(written.error());
    co_return true;
}

/// What the log got since, and what the region confirmed since.
io::Task<void> Replicator::count(RegionName region) {
    const auto& log = service_.log();
    auto& pending = pending_[region];
    const auto confirmed = log.confirmed(region);
    auto& counted = counted_.try_emplace(region, confirmed).first->second;
    while (counted < log.last() && !service_.stopping()) {
        auto work = [&log, after = std::max(counted, log.low_water())] { return count_behind(log, after); };
        const auto found = co_await service_.working().run(std::move(work));
        if (!found) break;  // the log says so elsewhere
        for (const auto& one : found->versions) pending.logged(one.position, one.bytes, one.logged_ms);
        counted = found->reached;
    }
    pending.confirmed(log.confirmed(region));
    const auto event = pending.look(service_.wall_ms());
    if (!event) co_return;
    const bool late = *event == Pending::Event::late;
    io::log(
        late ? io::Level::warning : io::Level::info,
        late ? "objects.replication-late" : "objects.replication-caught-up",
        {{"region", region.value()},
         {"objects", std::to_string(pending.objects())},
         {"bytes", std::to_string(pending.bytes())}}
    );
}

}  // namespace cloudshelf::objects
