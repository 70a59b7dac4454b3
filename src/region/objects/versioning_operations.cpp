// PutBucketVersioning, GetBucketVersioning, PutObjectLockConfiguration, GetObjectLockConfiguration.
#include "region/objects/bucket_change.hpp"
#include "region/objects/documents.hpp"
#include "region/objects/settings_operations.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/object_lock.hpp"
#include "wire/s3/versioning.hpp"

namespace cloudshelf::objects {
namespace {

namespace errors = s3::errors;

/// What has versions for its ground keeps them on.
Result<void> check_suspension(const KnownBucket& bucket) {
    if (bucket.object_lock)
        return fail(errors::invalid_bucket_state(
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
        ));
    if (bucket.settings.replication)
        return fail(errors::invalid_bucket_state(
            "A replication configuration is present on this bucket, so the versioning state cannot be changed."
        ));
    return {};
}

io::Task<Answer> put_versioning(Call call) {
    if (auto sound = check_document_digest(call); !sound) co_return std::unexpected(sound.error());
    const auto asked = s3::parse_versioning_configuration(call.request.body);
    if (!asked) co_return std::unexpected(asked.error());
    if (asked->mfa_delete == true) co_return std::unexpected(errors::not_implemented("MFA delete is not supported"));
    const bool enable = asked->status == s3::VersioningStatus::enabled;
    BucketEdit edit = [enable](const KnownBucket& current, Bucket& next) -> Result<void> {
        if (!enable) {
            if (auto checked = check_suspension(current); !checked) return checked;
        }
        next.versioning = enable ? Versioning::enabled : Versioning::suspended;
        return {};
    };
    const auto changed = co_await change_bucket(call, std::move(edit));
    if (!changed) co_return std::unexpected(changed.error());
    co_return empty_answer();
}

io::Task<Answer> get_versioning(Call call) {
    s3::VersioningConfiguration configuration;
    if (call.bucket->versioning == Versioning::enabled) configuration.status = s3::VersioningStatus::enabled;
    if (call.bucket->versioning == Versioning::suspended) configuration.status = s3::VersioningStatus::suspended;
    co_return xml_answer(s3::print(configuration));
}

io::Task<Answer> put_lock(Call call) {
    if (auto sound = check_document_digest(call); !sound) co_return std::unexpected(sound.error());
    const auto asked = s3::parse_object_lock_configuration(call.request.body);
    if (!asked) co_return std::unexpected(asked.error());
    BucketEdit edit = [&asked](const KnownBucket& current, Bucket& next) -> Result<void> {
        if (current.versioning != Versioning::enabled)
            return fail(errors::invalid_bucket_state(
                "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
            ));
        next.object_lock = true;
        next.documents[std::string(document::object_lock)] = s3::print(*asked);
        return {};
    };
    const auto changed = co_await change_bucket(call, std::move(edit));
    if (!changed) co_return std::unexpected(changed.error());
    co_return empty_answer();
}

io::Task<Answer> get_lock(Call call) {
    if (!call.bucket->object_lock) co_return std::unexpected(errors::object_lock_configuration_not_found());
    co_return xml_answer(s3::print(call.bucket->settings.object_lock.value_or(s3::ObjectLockConfiguration{})));
}

}  // namespace

void add_versioning_operations(Operations& to) {
    using enum sigv4::Permission;
    to["PutBucketVersioning"] = {.action = "s3:PutBucketVersioning", .permission = admin, .handler = put_versioning};
    to["GetBucketVersioning"] = {.action = "s3:GetBucketVersioning", .handler = get_versioning};
    to["PutObjectLockConfiguration"] = {
        .action = "s3:PutBucketObjectLockConfiguration", .permission = admin, .handler = put_lock
    };
    to["GetObjectLockConfiguration"] = {.action = "s3:GetBucketObjectLockConfiguration", .handler = get_lock};
}

}  // namespace cloudshelf::objects
