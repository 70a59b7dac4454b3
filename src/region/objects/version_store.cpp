#include "region/objects/version_store.hpp"

#include "region/objects/failure.hpp"

namespace cloudshelf::objects {
namespace {

using Found = std::optional<Version>;

Result<Found> read(const std::optional<std::string>& record) {
    if (!record) return Found();
    auto version = decode_version(*record);
    if (!version) return fail(version.error());
    return Found(std::move(*version));
}

/// "data" holds the newest version, if it is no marker.
Result<void> settle_newest(changelog::Batch& batch, const Storage& storage, BucketNumber bucket, std::string_view key) {
    const auto newest = newest_version(batch, storage, bucket, key);
    if (!newest) return fail(newest.error());
    const std::string place = object_place(bucket, key);
    if (*newest && !(*newest)->delete_marker) {
        batch.put(storage.data, place, encode_version(**newest));
    } else {
        batch.erase(storage.data, place);
    }
    return {};
}

}  // namespace

Result<Found> newest_version(
    const changelog::View& view, const Storage& storage, BucketNumber bucket, std::string_view key
) {
    std::optional<std::string> record;
    const auto take = [&record](std::string_view, std::string_view value) {
        record = std::string(value);
        return false;
    };
    const auto range = changelog::KeyRange::prefix(object_place(bucket, key));
    if (auto scanned = view.scan(storage.versions, range, take); !scanned) return fail(scanned.error());
    return read(record);
}

Result<Found> find_version(
    const changelog::View& view, const Storage& storage, BucketNumber bucket, std::string_view key, std::string_view id
) {
    auto stamp = stamp_of(id);
    if (id == null_id) {
        const auto known = view.get(storage.nulls, object_place(bucket, key));
        if (!known) return fail(known.error());
        if (!*known) return Found();
        const auto decoded = core::HybridStamp::decode(**known);
        if (!decoded) return fail(decoded.error());
        stamp = *decoded;
    }
    if (!stamp) return Found();
    const auto record = view.get(storage.versions, version_place(bucket, key, *stamp));
    if (!record) return fail(record.error());
    auto found = read(*record);
    if (found && *found && (*found)->id != id) return Found();
    return found;
}

Result<bool> is_empty(const changelog::View& view, const Storage& storage, BucketNumber bucket) {
    bool empty = true;
    const auto seen = [&empty](std::string_view, std::string_view) { return empty = false; };
    const auto range = changelog::KeyRange::prefix(bucket_prefix(bucket));
    for (const auto family : {storage.versions, storage.uploads}) {
        if (auto scanned = view.scan(family, range, seen); !scanned) return fail(scanned.error());
    }
    return empty;
}

Result<void> add_version(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Version& version, Freed& freed
) {
    if (version.id == null_id) {
        const auto before = find_version(batch, storage, bucket, version.key, null_id);
        if (!before) return fail(before.error());
        if (*before) {
            if (auto removed = remove_version(batch, storage, bucket, **before, freed); !removed) return removed;
        }
        batch.put(storage.nulls, object_place(bucket, version.key), version.stamp.encode());
    }
    const std::string place = version_place(bucket, version.key, version.stamp);
    batch.put(storage.versions, place, encode_version(version));
    for (const auto& piece : version.pieces)
        batch.put(storage.references, reference_place(piece.content, version_reference, place), "");
    return settle_newest(batch, storage, bucket, version.key);
}

Result<void> change_version(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Version& version
) {
    batch.put(storage.versions, version_place(bucket, version.key, version.stamp), encode_version(version));
    return settle_newest(batch, storage, bucket, version.key);
}

Result<void> remove_version(
    changelog::Batch& batch, const Storage& storage, BucketNumber bucket, const Version& version, Freed& freed
) {
    const std::string place = version_place(bucket, version.key, version.stamp);
    batch.erase(storage.versions, place);
    if (version.id == null_id) batch.erase(storage.nulls, object_place(bucket, version.key));
    // Only what is sent can fail: others are not looked for.
    if (!version.destinations.empty()) {
        if (auto erased = erase_failures(batch, storage, place); !erased) return erased;
    }
    for (const auto& piece : version.pieces) {
        batch.erase(storage.references, reference_place(piece.content, version_reference, place));
        freed.push_back(piece.content);
    }
    return settle_newest(batch, storage, bucket, version.key);
}

}  // namespace cloudshelf::objects
