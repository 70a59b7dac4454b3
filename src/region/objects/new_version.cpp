#include "region/objects/new_version.hpp"

#include "region/objects/acl.hpp"
#include "region/objects/replication.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/checksum.hpp"
#include "wire/s3/encryption_headers.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/headers.hpp"
#include "wire/s3/lock_headers.hpp"
#include "wire/s3/names.hpp"
#include "wire/s3/tag_header.hpp"

#include <chrono>

namespace cloudshelf::objects {
namespace {

constexpr std::string_view usual_key = "default";  // of SSE-S3, in the key file

core::LockMode lock_mode(s3::LockMode mode) {
    return mode == s3::LockMode::compliance ? core::LockMode::compliance : core::LockMode::governance;
}

Result<void> take_encryption(const Call& call, Version& draft) {
    const auto customers = s3::customer_key(call.request.headers);
    if (!customers) return fail(customers.error());
    if (*customers) return fail(s3::errors::not_implemented("Keys of customers (SSE-C) are not supported"));
    const auto asked = s3::server_side_encryption(call.request.headers);
    if (!asked) return fail(asked.error());
    draft.encryption = asked->algorithm;
    draft.key_id = asked->kms_key_id;
    if (!draft.encryption.empty()) return {};
    draft.encryption = "AES256";
    if (const auto& usual = call.bucket->settings.encryption) {
        draft.encryption = std::string(s3::to_string(usual->algorithm));
        draft.key_id = usual->kms_key_id;
    }
    return {};
}

Result<void> take_lock(const Call& call, Version& draft) {
    const auto now = s3::Milliseconds(std::chrono::milliseconds(call.service.wall_ms()));
    const auto lock = s3::lock_headers(call.request.headers, now);
    if (!lock) return fail(lock.error());
    if (!lock->any()) return {};
    if (lock->until) {
        if (auto permitted = permit_for_new(call, "s3:PutObjectRetention"); !permitted) return permitted;
    }
    if (lock->legal_hold) {
        if (auto permitted = permit_for_new(call, "s3:PutObjectLegalHold"); !permitted) return permitted;
    }
    if (!call.bucket->object_lock)
        return fail(s3::errors::invalid_request("Bucket is missing Object Lock Configuration"));
    if (lock->until) {
        draft.lock.mode = lock_mode(lock->until->mode);
        draft.lock.until_ms = lock->until->date.time_since_epoch().count();
    }
    draft.lock.legal_hold = lock->legal_hold.value_or(false);
    return {};
}

Result<void> take_tags(const Call& call, Version& draft) {
    const auto header = call.header("x-amz-tagging");
    if (header.empty()) return {};
    auto tags = s3::parse_tag_header(header);
    if (!tags) return fail(tags.error());
    if (auto permitted = permit_for_new(call, "s3:PutObjectTagging"); !permitted) return permitted;
    draft.tags = std::move(*tags);
    return {};
}

/// Who owns it and who may read it.
Result<void> take_access(const Call& call, Version& draft) {
    const auto& headers = call.request.headers;
    auto access = access_of_new(*call.bucket, call.caller.canonical_id(), headers, call.service.accounts());
    if (!access) return fail(access.error());
    if (asks_for_acl(headers)) {
        if (auto permitted = permit_for_new(call, "s3:PutObjectAcl"); !permitted) return permitted;
    }
    draft.owner = std::move(access->owner);
    draft.acl = std::move(access->acl);
    return {};
}

/// The bucket's default retention, for a version that asks for none.
void lock_by_default(Version& version, const KnownBucket& bucket) {
    if (version.lock.mode != core::LockMode::none || !bucket.settings.object_lock) return;
    const auto& retention = bucket.settings.object_lock->retention;
    if (!retention) return;
    version.lock.mode = lock_mode(retention->mode);
    version.lock.until_ms = s3::retained_until_ms(*retention, version.modified_ms);
}

}  // namespace

Result<Version> draft_version(const Call& call) {
    if (auto checked = s3::check_key(call.target.key); !checked) return fail(checked.error());
    Version draft{.key = call.target.key};
    auto stored = s3::stored_headers(call.request.headers);
    if (!stored) return fail(stored.error());
    draft.headers = s3::answer_headers(*stored);
    auto storage_class = s3::storage_class(call.request.headers);
    if (!storage_class) return fail(storage_class.error());
    draft.storage_class = std::move(*storage_class);
    if (auto taken = take_tags(call, draft); !taken) return fail(taken.error());
    if (auto taken = take_encryption(call, draft); !taken) return fail(taken.error());
    if (auto taken = take_lock(call, draft); !taken) return fail(taken.error());
    if (auto taken = take_access(call, draft); !taken) return fail(taken.error());
    return draft;
}

Result<std::string> content_key(const std::string& key_id) {
    if (key_id.empty()) return std::string(usual_key);
    // An ARN's last part, or the name alone.
    std::string name = key_id.substr(key_id.find_last_of("/:") + 1);
    if (contents::is_key_name(name)) return name;
    return fail(s3::errors::kms_key_not_found());
}

io::Task<Result<Version>> store_version(Call call, Version draft, s3::Conditions conditions, AlsoDecide also) {
    Service& service = call.service;
    Version stored;
    Freed freed;
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const auto bucket = service.buckets().decided(*call.bucket);
        if (!bucket) return fail(s3::errors::no_such_bucket());
        const auto current = newest_version(batch, service.storage(), bucket->number, draft.key);
        if (!current) return fail(current.error());
        std::string etag;
        if (*current && !(*current)->delete_marker) etag = '"' + (*current)->etag + '"';
        const auto seen = etag.empty() ? std::nullopt : std::optional<std::string_view>(etag);
        if (auto held = s3::check_write(conditions, seen); !held) return held;
        stored = draft;
        stored.stamp = stored.changed = batch.stamp();
        stored.modified_ms = batch.wall_ms();
        stored.id = bucket->versioning == Versioning::enabled ? version_id(stored.stamp) : std::string(null_id);
        lock_by_default(stored, *bucket);
        if (also) {
            if (auto done = also(batch, bucket->number); !done) return done;
        }
        log_for_replication(batch, *bucket, stored);
        return add_version(batch, service.storage(), bucket->number, stored, freed);
    };
    const auto written = co_await service.log().write(std::move(decision));
    if (!written && written.error().certainty == Certainty::not_done) {
        for (const auto& piece : draft.pieces) freed.push_back(piece.content);  // nobody refers to them, as it seems
    }
    service.collect(std::move(freed));
    if (!written) co_return fail(written.error());
    co_return stored;
}

void append_version_headers(io::Headers& to, const Version& version, Versioning versioning) {
    if (versioning != Versioning::never) to.emplace_back("x-amz-version-id", version.id);
    if (version.encryption.empty()) return;
    to.emplace_back("x-amz-server-side-encryption", version.encryption);
    if (!version.key_id.empty()) to.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", version.key_id);
}

void append_checksum_headers(io::Headers& to, const StoredChecksum& checksum) {
    const auto algorithm = s3::parse_checksum_algorithm(checksum.algorithm);
    if (!algorithm) return;
    to.emplace_back(s3::checksum_header(*algorithm), checksum.value);
    to.emplace_back("x-amz-checksum-type", checksum.type);
}

}  // namespace cloudshelf::objects
