#include "region/objects/authorization.hpp"

#include "region/objects/acl.hpp"
#include "region/objects/policy_context.hpp"
#include "region/objects/service.hpp"
#include "region/objects/version_store.hpp"
#include "wire/s3/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cloudshelf::objects {
namespace {

enum class ListOf : bool { bucket, object };

/// Which permission, on whose list, gives an action (Amazon S3 User Guide, "Mapping of ACL permissions and access
/// policy permissions"). What is not here no list gives.
struct GivenBy {
    std::string_view action;
    ListOf list;
    s3::AclPermission permission;
};

constexpr auto given_by = std::to_array<GivenBy>({
    {"s3:ListBucket", ListOf::bucket, s3::AclPermission::read},
    {"s3:ListBucketVersions", ListOf::bucket, s3::AclPermission::read},
    {"s3:ListBucketMultipartUploads", ListOf::bucket, s3::AclPermission::read},
    {"s3:ListMultipartUploadParts", ListOf::bucket, s3::AclPermission::write},
    {"s3:AbortMultipartUpload", ListOf::bucket, s3::AclPermission::write},
    {"s3:PutObject", ListOf::bucket, s3::AclPermission::write},
    {"s3:DeleteObject", ListOf::bucket, s3::AclPermission::write},
    {"s3:GetBucketAcl", ListOf::bucket, s3::AclPermission::read_acp},
    {"s3:PutBucketAcl", ListOf::bucket, s3::AclPermission::write_acp},
    {"s3:GetObject", ListOf::object, s3::AclPermission::read},
    {"s3:GetObjectVersion", ListOf::object, s3::AclPermission::read},
    {"s3:GetObjectAcl", ListOf::object, s3::AclPermission::read_acp},
    {"s3:GetObjectVersionAcl", ListOf::object, s3::AclPermission::read_acp},
    {"s3:PutObjectAcl", ListOf::object, s3::AclPermission::write_acp},
    {"s3:PutObjectVersionAcl", ListOf::object, s3::AclPermission::write_acp},
});

const GivenBy* giver_of(std::string_view action) {
    const auto* found = std::ranges::find(given_by, action, &GivenBy::action);
    return found == given_by.end() ? nullptr : found;
}

/// A new object has no list: whoever the bucket's lets write may give it one.
const GivenBy* giver_of(const AccessRequest& request) {
    const bool gives_list = request.of_new && request.action == "s3:PutObjectAcl";
    return giver_of(gives_list ? "s3:PutObject" : request.action);
}

bool speaks_of_tags(const s3::Policy& policy) {
    return std::ranges::any_of(policy.statements, [](const s3::PolicyStatement& statement) {
        return std::ranges::any_of(statement.conditions, [](const s3::PolicyCondition& condition) {
            return condition.key.starts_with("s3:existingobjecttag/");
        });
    });
}

core::PolicyVerdict verdict_of(s3::Verdict verdict) {
    switch (verdict) {
        case s3::Verdict::none:
            return core::PolicyVerdict::none;
        case s3::Verdict::allow:
            return core::PolicyVerdict::allow;
        case s3::Verdict::deny:
            return core::PolicyVerdict::deny;
    }
    return core::PolicyVerdict::deny;
}

}  // namespace

bool needs_version(const AccessRequest& request) {
    if (request.on == Operation::On::bucket || request.of_new) return false;
    const KnownBucket& bucket = *request.call.bucket;
    if (bucket.settings.policy && speaks_of_tags(*bucket.settings.policy)) return true;
    const auto* giver = giver_of(request);
    if (giver == nullptr || giver->list == ListOf::bucket || bucket.settings.acls_disabled()) return false;
    // Where there is one account only, all objects are its own.
    return request.call.caller.anonymous() || request.call.service.accounts().several();
}

std::optional<Version> version_in_question(const AccessRequest& request) {
    const Call& call = request.call;
    const Service& service = call.service;
    const auto view = call.service.log().view();
    const bool by_id = call.asks_for("versionId") && request.key == call.target.key;
    auto found =
        by_id ? find_version(view, service.storage(), call.bucket->number, request.key, call.parameter("versionId"))
              : newest_version(view, service.storage(), call.bucket->number, request.key);
    if (!found || !*found || (*found)->delete_marker) return std::nullopt;
    return std::move(**found);
}

core::PolicyVerdict policy_verdict(const AccessRequest& request) {
    const Call& call = request.call;
    const Settings& settings = call.bucket->settings;
    if (!settings.policy) return core::PolicyVerdict::none;
    s3::PolicyRequest asked{.anonymous = call.caller.anonymous(), .action = std::string(request.action)};
    if (!call.caller.anonymous()) {
        asked.account = call.caller.account->id;
        asked.canonical_id = call.caller.account->canonical_id;
        asked.principal_arn = fmt::format("arn:aws:iam::{}:user/{}", asked.account, call.caller.credentials->profile);
    }
    asked.resource = "arn:aws:s3:::" + call.bucket->name;
    if (request.on == Operation::On::object) asked.resource.append("/").append(request.key);
    asked.context = policy_context(request);
    const auto verdict = verdict_of(s3::evaluate(*settings.policy, asked));
    const bool own = !call.caller.anonymous() && call.bucket->owner == call.caller.canonical_id();
    if (verdict == core::PolicyVerdict::allow && !own && settings.blocked().restrict_public_buckets &&
        s3::is_public(*settings.policy))
        return core::PolicyVerdict::none;
    // Else an owner could lock everybody out for good by a mistake: S3 leaves this to the account's root user.
    const bool mends_policy = request.action.ends_with("BucketPolicy");
    const bool admin = own && call.caller.credentials->permission == sigv4::Permission::admin;
    if (verdict == core::PolicyVerdict::deny && mends_policy && admin) return core::PolicyVerdict::none;
    return verdict;
}

bool acl_grants(const AccessRequest& request) {
    const auto* giver = giver_of(request);
    if (giver == nullptr) return false;
    const Call& call = request.call;
    const Asker asker{
        .canonical_id = call.caller.canonical_id(),
        .groups_count = !call.bucket->settings.blocked().ignore_public_acls,
    };
    if (giver->list == ListOf::bucket) return grants(acl_of(*call.bucket), asker, giver->permission);
    return request.version && grants(acl_of(*call.bucket, *request.version), asker, giver->permission);
}

std::string_view owner_of(const AccessRequest& request) {
    const KnownBucket& bucket = *request.call.bucket;
    const auto* giver = giver_of(request);
    const bool of_object = giver != nullptr && giver->list == ListOf::object;
    if (!of_object || !request.version || bucket.settings.acls_disabled()) return bucket.owner;
    return request.version->owner;
}

}  // namespace cloudshelf::objects
