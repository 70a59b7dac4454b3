#include "region/objects/delete_version.hpp"

#include "region/objects/deleted_mark.hpp"
#include "region/objects/replication.hpp"
#include "region/objects/version_store.hpp"
#include "wire/s3/errors.hpp"

namespace cloudshelf::objects {
namespace {

/// One version, for good.
Result<Deleted> remove(
    changelog::Batch& batch, const Storage& storage, const KnownBucket& bucket, const Deletion& deletion, Freed& freed
) {
    Deleted deleted{.version_id = deletion.version_id};
    const auto found = find_version(batch, storage, bucket.number, deletion.key, *deletion.version_id);
    if (!found) return fail(found.error());
    if (!*found) return deleted;
    const Version& version = **found;
    deleted.delete_marker = version.delete_marker;
    if (deletion.etag && *deletion.etag != version.etag) {
        deleted.refused = s3::errors::precondition_failed();
        return deleted;
    }
    if (!core::may_delete(version.lock, batch.wall_ms(), deletion.bypass)) {
        deleted.refused = s3::errors::named("AccessDenied", "Access Denied because object protected by object lock.");
        return deleted;
    }
    if (auto removed = delete_for_good(batch, storage, bucket.number, version, freed); !removed)
        return fail(removed.error());
    return deleted;
}

/// The object: without versions it goes for good, with them it gets a marker.
Result<Deleted> hide(
    changelog::Batch& batch, const Storage& storage, const KnownBucket& bucket, const Deletion& deletion, Freed& freed
) {
    if (deletion.etag) {
        const auto current = newest_version(batch, storage, bucket.number, deletion.key);
        if (!current) return fail(current.error());
        const bool there = *current && !(*current)->delete_marker;
        if (!there) return Deleted{.refused = s3::errors::no_such_key()};
        if ((*current)->etag != *deletion.etag) return Deleted{.refused = s3::errors::precondition_failed()};
    }
    if (bucket.versioning == Versioning::never) {
        Deletion null = deletion;
        null.version_id = std::string(null_id);
        null.etag.reset();
        auto removed = remove(batch, storage, bucket, null, freed);
        if (removed) removed->version_id.reset();
        return removed;
    }
    Version marker{.key = deletion.key, .delete_marker = true, .owner = bucket.owner};
    marker.stamp = marker.changed = batch.stamp();
    marker.modified_ms = batch.wall_ms();
    marker.id = bucket.versioning == Versioning::enabled ? version_id(marker.stamp) : std::string(null_id);
    log_for_replication(batch, bucket, marker);
    if (auto added = add_version(batch, storage, bucket.number, marker, freed); !added) return fail(added.error());
    return Deleted{.version_id = marker.id, .delete_marker = true};
}

}  // namespace

Result<void> delete_for_good(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Version& version, Freed& freed
) {
    remember_deleted(batch, storage, bucket, version);
    return remove_version(batch, storage, bucket, version, freed);
}

io::Task<Result<std::vector<Deleted>>> delete_versions(Call call, std::vector<Deletion> deletions) {
    Service& service = call.service;
    std::vector<Deleted> outcomes;
    Freed freed;
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const auto bucket = service.buckets().decided(*call.bucket);
        if (!bucket) return fail(s3::errors::no_such_bucket());
        for (const auto& deletion : deletions) {
            const auto removing = deletion.version_id ? remove : hide;
            auto outcome = removing(batch, service.storage(), *bucket, deletion, freed);
            if (!outcome) return fail(outcome.error());
            outcomes.push_back(std::move(*outcome));
        }
        return {};
    };
    const auto written = co_await service.log().write(std::move(decision));
    if (!written) co_return fail(written.error());
    service.collect(std::move(freed));
    co_return outcomes;
}

}  // namespace cloudshelf::objects
