// Tags, retention, legal hold and access control list of an object's version: Put…, Get…, Delete….
#include "region/objects/acl.hpp"
#include "region/objects/change_version.hpp"
#include "region/objects/documents.hpp"
#include "region/objects/find_version.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/service.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/lock_headers.hpp"
#include "wire/s3/object_lock.hpp"
#include "wire/s3/tagging.hpp"

namespace cloudshelf::objects {
namespace {

namespace errors = s3::errors;
using sigv4::Permission;

/// A version by its id is an action of its own.
Result<void> permit_version(const Call& call, std::string_view action, Permission needed) {
    if (!call.asks_for("versionId")) return {};
    return permit(call, action, needed, Operation::On::object, call.target.key);
}

io::HttpResponse with_version(io::HttpResponse answer, const Call& call, const Version& version) {
    if (call.bucket->versioning != Versioning::never) answer.headers.emplace_back("x-amz-version-id", version.id);
    return answer;
}

/// What putting of everything here has in common.
io::Task<Answer> change(Call call, std::string action, VersionEdit edit, int status) {
    if (auto permitted = permit_version(call, action, Permission::write); !permitted)
        co_return std::unexpected(permitted.error());
    const auto changed = co_await change_asked_version(call, std::move(edit));
    if (!changed) co_return std::unexpected(changed.error());
    co_return with_version(empty_answer(status), call, *changed);
}

// Tags.

io::Task<Answer> put_tags(Call call) {
    if (auto sound = check_document_digest(call); !sound) co_return std::unexpected(sound.error());
    const auto asked = s3::parse_tagging(call.request.body, s3::object_tags_max);
    if (!asked) co_return std::unexpected(asked.error());
    Pairs tags;
    for (const auto& tag : asked->tags) tags.emplace_back(tag.key, tag.value);
    VersionEdit edit = [&tags](const KnownBucket&, Version& version, std::int64_t) -> Result<void> {
        version.tags = tags;
        return {};
    };
    auto answer = co_await change(call, "s3:PutObjectVersionTagging", std::move(edit), 200);
    co_return answer;
}

io::Task<Answer> delete_tags(Call call) {
    VersionEdit edit = [](const KnownBucket&, Version& version, std::int64_t) -> Result<void> {
        version.tags.clear();
        return {};
    };
    auto answer = co_await change(call, "s3:DeleteObjectVersionTagging", std::move(edit), 204);
    co_return answer;
}

io::Task<Answer> get_tags(Call call) {
    const auto version = find_asked_version(call, "s3:GetObjectVersionTagging");
    if (!version) co_return std::unexpected(version.error());
    s3::Tagging tagging;
    for (const auto& [key, value] : version->tags) tagging.tags.push_back({.key = key, .value = value});
    co_return with_version(xml_answer(s3::print(tagging)), call, *version);
}

// Object Lock.

Result<void> require_lock(const KnownBucket& bucket) {
    if (bucket.object_lock) return {};
    return fail(errors::invalid_request("Bucket is missing Object Lock Configuration"));
}

core::LockMode core_mode(const std::optional<s3::LockMode>& mode) {
    if (!mode) return core::LockMode::none;
    return *mode == s3::LockMode::compliance ? core::LockMode::compliance : core::LockMode::governance;
}

/// Passing by governance mode takes the header and a permission of its own.
Result<core::BypassGovernance> bypass_of(const Call& call) {
    if (!s3::bypasses_governance(call.request.headers)) return core::BypassGovernance::no;
    const auto permitted =
        permit(call, "s3:BypassGovernanceRetention", Permission::admin, Operation::On::object, call.target.key);
    if (!permitted) return fail(permitted.error());
    return core::BypassGovernance::yes;
}

io::Task<Answer> put_retention(Call call) {
    if (auto sound = check_document_digest(call); !sound) co_return std::unexpected(sound.error());
    if (auto locked = require_lock(*call.bucket); !locked) co_return std::unexpected(locked.error());
    const auto asked = s3::parse_retention(call.request.body);
    if (!asked) co_return std::unexpected(asked.error());
    if (asked->mode && asked->retain_until_ms <= call.service.wall_ms())
        co_return std::unexpected(errors::invalid_argument("The retain until date must be in the future!"));
    const auto bypass = bypass_of(call);
    if (!bypass) co_return std::unexpected(bypass.error());
    VersionEdit edit = [&](const KnownBucket&, Version& version, std::int64_t now_ms) -> Result<void> {
        core::ObjectLock next = version.lock;
        next.mode = core_mode(asked->mode);
        next.until_ms = asked->retain_until_ms.value_or(0);
        if (!core::may_retain(version.lock, next, now_ms, *bypass))
            return fail(errors::named("AccessDenied", "Access Denied because object protected by object lock."));
        version.lock = next;
        return {};
    };
    auto answer = co_await change(call, "s3:PutObjectRetention", std::move(edit), 200);
    co_return answer;
}

io::Task<Answer> get_retention(Call call) {
    if (auto locked = require_lock(*call.bucket); !locked) co_return std::unexpected(locked.error());
    const auto version = find_asked_version(call, "s3:GetObjectRetention");
    if (!version) co_return std::unexpected(version.error());
    if (version->lock.mode == core::LockMode::none)
        co_return std::unexpected(errors::no_such_object_lock_configuration());
    const bool compliance = version->lock.mode == core::LockMode::compliance;
    const s3::Retention retention{
        .mode = compliance ? s3::LockMode::compliance : s3::LockMode::governance,
        .retain_until_ms = version->lock.until_ms,
    };
    co_return with_version(xml_answer(s3::print(retention)), call, *version);
}

io::Task<Answer> put_hold(Call call) {
    if (auto sound = check_document_digest(call); !sound) co_return std::unexpected(sound.error());
    if (auto locked = require_lock(*call.bucket); !locked) co_return std::unexpected(locked.error());
    const auto asked = s3::parse_legal_hold(call.request.body);
    if (!asked) co_return std::unexpected(asked.error());
    VersionEdit edit = [on = asked->on](const KnownBucket&, Version& version, std::int64_t) -> Result<void> {
        version.lock.legal_hold = on;
        return {};
    };
    auto answer = co_await change(call, "s3:PutObjectLegalHold", std::move(edit), 200);
    co_return answer;
}

/// A version that never had a hold is answered "OFF", as one that had.
io::Task<Answer> get_hold(Call call) {
    if (auto locked = require_lock(*call.bucket); !locked) co_return std::unexpected(locked.error());
    const auto version = find_asked_version(call, "s3:GetObjectLegalHold");
    if (!version) co_return std::unexpected(version.error());
    const s3::LegalHold hold{.on = version->lock.legal_hold};
    co_return with_version(xml_answer(s3::print(hold)), call, *version);
}

// Access control list.

io::Task<Answer> put_acl(Call call) {
    if (auto sound = check_document_digest(call); !sound) co_return std::unexpected(sound.error());
    VersionEdit edit = [&call](const KnownBucket& bucket, Version& version, std::int64_t) -> Result<void> {
        const std::string& owner = bucket.settings.acls_disabled() ? bucket.owner : version.owner;
        const AclOwners owners{.object = owner, .bucket = bucket.owner};
        const AclRequest request{.headers = call.request.headers, .body = call.request.body, .owners = owners};
        auto asked = asked_acl(request, call.service.accounts());
        if (!asked) return fail(asked.error());
        if (!*asked) return fail(errors::missing_security_header());
        if (auto checked = check_acl(bucket.settings, owners, **asked); !checked) return checked;
        version.acl = std::move((*asked)->text);
        return {};
    };
    auto answer = co_await change(call, "s3:PutObjectVersionAcl", std::move(edit), 200);
    co_return answer;
}

io::Task<Answer> get_acl(Call call) {
    const auto version = find_asked_version(call, "s3:GetObjectVersionAcl");
    if (!version) co_return std::unexpected(version.error());
    auto acl = named(acl_of(*call.bucket, *version), call.service.accounts());
    co_return with_version(xml_answer(s3::print(acl)), call, *version);
}

struct Entry {
    std::string_view name;
    std::string_view action;
    Permission permission;
    io::Task<Answer> (*handler)(Call call);
};

}  // namespace

void add_object_settings_operations(Operations& to) {
    using enum Permission;
    const Entry entries[]{
        {"PutObjectTagging", "s3:PutObjectTagging", write, put_tags},
        {"GetObjectTagging", "s3:GetObjectTagging", read, get_tags},
        {"DeleteObjectTagging", "s3:DeleteObjectTagging", write, delete_tags},
        {"PutObjectRetention", "s3:PutObjectRetention", write, put_retention},
        {"GetObjectRetention", "s3:GetObjectRetention", read, get_retention},
        {"PutObjectLegalHold", "s3:PutObjectLegalHold", write, put_hold},
        {"GetObjectLegalHold", "s3:GetObjectLegalHold", read, get_hold},
        {"PutObjectAcl", "s3:PutObjectAcl", write, put_acl},
        {"GetObjectAcl", "s3:GetObjectAcl", read, get_acl},
    };
    for (const auto& entry : entries) {
        to[std::string(entry.name)] = {
            .action = std::string(entry.action),
            .permission = entry.permission,
            .on = Operation::On::object,
            .handler = entry.handler,
        };
    }
}

}  // namespace cloudshelf::objects
