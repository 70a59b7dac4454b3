#include "region/objects/receiving.hpp"

#include "region/objects/deleted_mark.hpp"
#include "region/objects/failure.hpp"
#include "region/objects/new_version.hpp"
#include "region/objects/replica.hpp"
#include "region/objects/replication.hpp"

#include <algorithm>

namespace cloudshelf::objects {
namespace {

using Outcome = FetchedContent::Outcome;

/// So many bytes at the most are fetched before a commit, so that what has come soon counts.
constexpr std::uint64_t batch_bytes_max = 256 << 20;

bool is_version(const changelog::Entry& entry) {
    const auto& kind = entry.change.kind;
    return kind == version_kind || kind == version_changed_kind || kind == version_again_kind;
}

std::string_view reason(Outcome outcome) {
    switch (outcome) {
        case Outcome::here:
            return "";
        case Outcome::missing:
            return "SrcObjectNotFound";
        case Outcome::unreadable:
            return "SrcGetObjectFailed";
        case Outcome::no_key:
            return "DstKmsKeyNotFound";
    }
    return "";
}

/// Reasons that may go with a change of the bucket here: then they are to be told that it is ready, however often that
/// happens.
bool is_of_bucket(std::string_view code) {
    return code == "DstBucketUnversioned" || code == "DstKmsKeyNotFound";
}

}  // namespace

io::Task<Result<std::size_t>> Receiving::prepare(std::vector<changelog::Entry> entries) {
    arrivals_.clear();
    const auto given = std::make_shared<const std::vector<changelog::Entry>>(std::move(entries));
    struct Prepared {
        std::size_t entries = 0;
        std::vector<WantedContent> wanted;
    };
    // Looking what is here reads the database and files' headers: on a thread of the pool, nobody else uses arrivals_.
    auto look = [this, given]() -> Result<Prepared> {
        Prepared prepared;
        Needed needed;
        for (const auto& entry : *given) {
            if (prepared.entries > 0 && needed.bytes > batch_bytes_max) break;
            if (is_version(entry)) {
                if (auto looked = need(entry, needed); !looked) return fail(looked.error());
            }
            ++prepared.entries;
        }
        prepared.wanted = pin_what_is_here(needed);
        return prepared;
    };
    const auto prepared = co_await service_.working().run(std::move(look));
    if (!prepared) co_return fail(prepared.error());
    if (prepared->wanted.empty()) co_return prepared->entries;
    auto fetched = co_await fetcher_.fetch(prepared->wanted);
    if (!fetched) co_return fail(fetched.error());
    for (std::size_t i = 0; i < fetched->size(); ++i) {
        const auto& wanted = prepared->wanted[i];
        const contents::ContentName here{.sha256 = wanted.there.sha256, .key = wanted.key};
        arrivals_[here] = {.outcome = (*fetched)[i].outcome, .pin = std::move((*fetched)[i].pin)};
    }
    co_return prepared->entries;
}

/// The contents that a decision about this entry will refer to, as the buckets are now.
Result<void> Receiving::need(const changelog::Entry& entry, Needed& needed) const {
    if (entry.change.kind == version_changed_kind) return {};
    const auto theirs = decode_version(entry.change.payload);
    if (!theirs) return fail(theirs.error());
    if (theirs->delete_marker) return {};
    const auto view = service_.log().view();
    for (const auto& to : theirs->destinations) {
        const auto bucket = service_.buckets().find(to.bucket);
        if (!bucket || bucket->versioning != Versioning::enabled) continue;
        const auto ours = find_version(view, service_.storage(), bucket->number, theirs->key, theirs->id);
        if (!ours) return fail(ours.error());
        if (*ours && (*ours)->stamp >= theirs->stamp) continue;
        const auto encryption = replica_encryption(*bucket, to);
        const auto key = content_key(encryption.key_id);
        if (!key) continue;  // the decision says so
        for (const auto& piece : theirs->pieces) {
            WantedContent wanted{.there = piece.content, .key = *key, .length = piece.length};
            contents::ContentName here{.sha256 = piece.content.sha256, .key = *key};
            if (needed.contents.emplace(std::move(here), std::move(wanted)).second) needed.bytes += piece.length;
        }
    }
    return {};
}

std::vector<WantedContent> Receiving::pin_what_is_here(Needed& needed) {
    std::vector<WantedContent> missing;
    for (auto& [here, wanted] : needed.contents) {
        auto pinned = service_.contents().pin(here);
        if (pinned) {
            arrivals_[here] = {.outcome = Outcome::here, .pin = std::move(*pinned)};
        } else {
            missing.push_back(std::move(wanted));
        }
    }
    return missing;
}

Result<void> Receiving::apply(const changelog::Entry& entry, changelog::Batch& batch) {
    if (is_version(entry)) return apply_version(entry, batch);
    if (entry.change.kind == failure_kind) return apply_failure(entry, batch);
    if (entry.change.kind == ready_kind) note_retry(entry, batch);
    return {};
}

Result<void> Receiving::apply_version(const changelog::Entry& entry, changelog::Batch& batch) {
    const auto theirs = decode_version(entry.change.payload);
    if (!theirs) return fail(theirs.error());
    for (const auto& to : theirs->destinations) {
        if (auto applied = apply_to(entry, *theirs, to, batch); !applied) return applied;
    }
    return {};
}

/// The replica's pieces under their names here. Answers why there is none, or an empty text.
Result<std::string> Receiving::arrived(Version& replica, const std::string& key) const {
    for (auto& piece : replica.pieces) {
        piece.content.key = key;
        const auto found = arrivals_.find(piece.content);
        if (found == arrivals_.end()) return fail("objects.not-prepared", "a bucket changed meanwhile");
        if (found->second.outcome != Outcome::here) return std::string(reason(found->second.outcome));
    }
    return std::string();
}

Result<void> Receiving::apply_to(
    const changelog::Entry& entry, const Version& theirs, const Destination& to, changelog::Batch& batch
) {
    const auto& storage = service_.storage();
    const bool is_change = entry.change.kind == version_changed_kind;
    const auto bucket = service_.buckets().decided(to.bucket);
    const auto refuse = [&](std::string_view code) -> Result<void> {
        if (bucket && is_of_bucket(code)) batch.erase(storage.catalogue, ready_record(bucket->number));
        const FailureReport report{
            .source = peer_.region,
            .key = theirs.key,
            .stamp = theirs.stamp,
            .position = entry.position.value(),
            .destination = to.bucket,
            .code = std::string(code),
        };
        batch.append({
            .kind = std::string(failure_kind),
            .container = entry.change.container,
            .payload = encode_failure_report(report),
        });
        return {};
    };
    if (!bucket) return refuse("DstBucketNotFound");
    if (bucket->versioning != Versioning::enabled) return refuse("DstBucketUnversioned");
    const auto ours = find_version(batch, storage, bucket->number, theirs.key, theirs.id);
    if (!ours) return fail(ours.error());
    if (*ours && (*ours)->stamp == theirs.stamp) {
        auto changed = with_later_changes(**ours, theirs, {.site = service_.site(), .now_ms = batch.wall_ms()});
        if (!changed) return {};
        return change_version(batch, storage, bucket->number, *changed);
    }
    // Of null versions, of which a key has one, the later stays. A change of what was deleted is no version.
    if (*ours && (*ours)->stamp > theirs.stamp) return {};
    const auto deleted = was_deleted(batch, storage, bucket->number, theirs);
    if (!deleted) return fail(deleted.error());
    // What was written here and is not here any more was deleted, without a mark: it is no replica.
    if (is_change && (*deleted || theirs.stamp.site == service_.site())) return {};
    if (*deleted) return refuse("DstObjectHardDeleted");
    auto replica = make_replica(theirs, *bucket, to);
    const auto key = content_key(replica.key_id);
    if (!key) return refuse("DstKmsKeyNotFound");
    if (*ours && !core::may_delete((*ours)->lock, batch.wall_ms(), core::BypassGovernance::no))
        return refuse("DstPutObjectNotPermitted");
    // The version itself never came. What was said of that the source may have dropped, as the change is later.
    if (is_change) return refuse("SrcGetObjectFailed");
    if (!replica.delete_marker) {
        const auto why_not = arrived(replica, *key);
        if (!why_not) return fail(why_not.error());
        if (!why_not->empty()) return refuse(*why_not);
    }
    ++settled_.replicas;
    settled_.bytes += replica.size;
    return add_version(batch, storage, bucket->number, replica, freed_);
}

/// Durably, so that neither a full disk nor a restart loses it; another value each time, so that one that comes during
/// a retry is not taken for the one before.
void Receiving::note_retry(const changelog::Entry& entry, changelog::Batch& batch) {
    const auto value = peer_.region.value() + '/' + std::to_string(entry.position.value());
    batch.put(service_.storage().catalogue, std::string(retry_records) + entry.change.container, value);
}

/// A version of ours that they could not take, if it is still there and was not sent again since.
Result<void> Receiving::apply_failure(const changelog::Entry& entry, changelog::Batch& batch) {
    const auto report = decode_failure_report(entry.change.payload);
    if (!report) return fail(report.error());
    if (!report->source.value().empty() && report->source != service_.region()) return {};  // a third region's
    const auto bucket = service_.buckets().decided(entry.change.container);
    if (!bucket) return {};
    const auto place = version_place(bucket->number, report->key, report->stamp);
    const auto record = batch.get(service_.storage().versions, place);
    if (!record) return fail(record.error());
    if (!*record) return {};
    const auto version = decode_version(**record);
    if (!version) return fail(version.error());
    if (version->logged.value() > report->position) return {};
    const Failure failure{
        .region = entry.origin,
        .destination = report->destination,
        .code = report->code,
        .failed_ms = entry.logged_at_ms,
    };
    put_failure(batch, service_.storage(), place, failure);
    return {};
}

Receiving::Settled Receiving::settle() {
    service_.collect(std::exchange(freed_, {}));
    return std::exchange(settled_, {});
}

}  // namespace cloudshelf::objects
