// PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy, GetBucketPolicyStatus, PutBucketAcl, GetBucketAcl.
#include "region/objects/acl.hpp"
#include "region/objects/bucket_change.hpp"
#include "region/objects/documents.hpp"
#include "region/objects/service.hpp"
#include "region/objects/settings_operations.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/policy.hpp"

namespace cloudshelf::objects {
namespace {

namespace errors = s3::errors;

io::Task<Answer> put_policy(Call call) {
    if (auto sound = check_document_digest(call); !sound) co_return std::unexpected(sound.error());
    const auto policy = s3::parse_policy(call.request.body, call.target.bucket);
    if (!policy) co_return std::unexpected(policy.error());
    const bool open = s3::is_public(*policy);
    BucketEdit edit = [&](const KnownBucket& current, Bucket& next) -> Result<void> {
        if (open && current.settings.blocked().block_public_policy) return fail(errors::access_denied());
        next.documents[std::string(document::policy)] = call.request.body;
        return {};
    };
    const auto changed = co_await change_bucket(call, std::move(edit));
    if (!changed) co_return std::unexpected(changed.error());
    co_return empty_answer(204);
}

io::Task<Answer> get_policy(Call call) {
    const std::string_view text = call.bucket->document(document::policy);
    if (text.empty()) co_return std::unexpected(errors::no_such_bucket_policy());
    co_return io::HttpResponse::json(200, std::string(text));
}

io::Task<Answer> delete_policy(Call call) {
    BucketEdit edit = [](const KnownBucket&, Bucket& next) -> Result<void> {
        next.documents.erase(std::string(document::policy));
        return {};
    };
    const auto changed = co_await change_bucket(call, std::move(edit));
    if (!changed) co_return std::unexpected(changed.error());
    co_return empty_answer(204);
}

/// Policy and access control list both count, unless they are kept from having an effect. A bucket without a policy is
/// answered too: its list may open it.
io::Task<Answer> get_policy_status(Call call) {
    const Settings& settings = call.bucket->settings;
    const auto blocked = settings.blocked();
    const bool by_policy = settings.policy && s3::is_public(*settings.policy) && !blocked.restrict_public_buckets;
    const bool by_list = is_public(acl_of(*call.bucket)) && !blocked.ignore_public_acls;
    co_return xml_answer(s3::print_policy_status(by_policy || by_list));
}

io::Task<Answer> put_acl(Call call) {
    if (auto sound = check_document_digest(call); !sound) co_return std::unexpected(sound.error());
    BucketEdit edit = [&call](const KnownBucket& current, Bucket& next) -> Result<void> {
        const AclOwners owners{.object = current.owner, .bucket = current.owner};
        const AclRequest request{.headers = call.request.headers, .body = call.request.body, .owners = owners};
        const auto asked = asked_acl(request, call.service.accounts());
        if (!asked) return fail(asked.error());
        if (!*asked) return fail(errors::missing_security_header());
        if (auto checked = check_acl(current.settings, owners, **asked); !checked) return checked;
        next.documents[std::string(document::acl)] = s3::print((*asked)->list);
        return {};
    };
    const auto changed = co_await change_bucket(call, std::move(edit));
    if (!changed) co_return std::unexpected(changed.error());
    co_return empty_answer();
}

io::Task<Answer> get_acl(Call call) {
    co_return xml_answer(s3::print(named(acl_of(*call.bucket), call.service.accounts())));
}

}  // namespace

void add_bucket_access_operations(Operations& to) {
    using enum sigv4::Permission;
    to["PutBucketPolicy"] = {.action = "s3:PutBucketPolicy", .permission = admin, .handler = put_policy};
    to["GetBucketPolicy"] = {.action = "s3:GetBucketPolicy", .handler = get_policy};
    to["DeleteBucketPolicy"] = {.action = "s3:DeleteBucketPolicy", .permission = admin, .handler = delete_policy};
    to["GetBucketPolicyStatus"] = {.action = "s3:GetBucketPolicyStatus", .handler = get_policy_status};
    to["PutBucketAcl"] = {.action = "s3:PutBucketAcl", .permission = admin, .handler = put_acl};
    to["GetBucketAcl"] = {.action = "s3:GetBucketAcl", .handler = get_acl};
}

}  // namespace cloudshelf::objects
