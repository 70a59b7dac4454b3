#include "region/objects/change_version.hpp"

#include "region/objects/replication.hpp"
#include "region/objects/service.hpp"
#include "region/objects/version_store.hpp"
#include "wire/s3/errors.hpp"

namespace cloudshelf::objects {
namespace {

Result<Version> find_asked(const Call& call, const changelog::Batch& batch, const KnownBucket& bucket) {
    const Storage& storage = call.service.storage();
    const std::string& key = call.target.key;
    const bool by_id = call.asks_for("versionId");
    const std::string_view id = call.parameter("versionId");
    if (by_id && id != null_id && !stamp_of(id))
        return fail(s3::errors::invalid_argument("Invalid version id specified"));
    auto found = by_id ? find_version(batch, storage, bucket.number, key, id)
                       : newest_version(batch, storage, bucket.number, key);
    if (!found) return fail(found.error());
    if (!*found) return fail(by_id ? s3::errors::no_such_version() : s3::errors::no_such_key());
    if ((*found)->delete_marker) return fail(by_id ? s3::errors::method_not_allowed() : s3::errors::no_such_key());
    return std::move(**found);
}

}  // namespace

io::Task<std::expected<Version, Refusal>> change_asked_version(Call call, VersionEdit edit) {
    Service& service = call.service;
    Version changed;
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const auto bucket = service.buckets().decided(*call.bucket);
        if (!bucket) return fail(s3::errors::no_such_bucket());
        auto version = find_asked(call, batch, *bucket);
        if (!version) return fail(version.error());
        if (auto edited = edit(*bucket, *version, batch.wall_ms()); !edited) return edited;
        version->changed = batch.stamp();
        log_for_replication(batch, *bucket, *version);
        changed = *version;
        return change_version(batch, service.storage(), bucket->number, *version);
    };
    const auto written = co_await service.log().write(std::move(decision));
    if (!written) co_return std::unexpected(written.error());
    co_return changed;
}

}  // namespace cloudshelf::objects
