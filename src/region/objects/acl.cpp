#include "region/objects/acl.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/headers.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>
#include <array>

namespace cloudshelf::objects {
namespace {

using s3::AccessControlPolicy;
using s3::AclPermission;
using s3::Grant;
using s3::Group;

constexpr std::string_view owner_has_all = "bucket-owner-full-control";

Grant to_user(std::string_view id, AclPermission permission) {
    return {.user = {.id = std::string(id)}, .group = {}, .permission = permission};
}

Grant to_group(Group group, AclPermission permission) {
    return {.user = {}, .group = group, .permission = permission};
}

struct GrantHeader {
    std::string_view name;
    AclPermission permission;
};

constexpr auto grant_headers = std::to_array<GrantHeader>({
    {"x-amz-grant-full-control", AclPermission::full_control},
    {"x-amz-grant-write", AclPermission::write},
    {"x-amz-grant-write-acp", AclPermission::write_acp},
    {"x-amz-grant-read", AclPermission::read},
    {"x-amz-grant-read-acp", AclPermission::read_acp},
});

/// `id="…"`, `uri="…"` or `emailAddress="…"`; quotes may be left out.
Result<Grant> read_grantee(std::string_view text, AclPermission permission) {
    std::string_view value = text;
    const std::string_view kind = s3::text::trimmed(s3::text::take_until(value, '='));
    value = s3::text::trimmed(value);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (s3::text::equal_ignoring_case(kind, "id")) return to_user(value, permission);
    if (s3::text::equal_ignoring_case(kind, "emailAddress"))
        return fail(s3::errors::unresolvable_grant_by_email_address());
    if (!s3::text::equal_ignoring_case(kind, "uri")) return fail(s3::errors::invalid_argument());
    const auto group = s3::group_of(value);
    if (!group) return fail(s3::errors::invalid_argument("Invalid group uri"));
    return to_group(*group, permission);
}

/// The grants of x-amz-grant-…; the owner gets none besides, as S3 has it.
Result<std::vector<Grant>> read_grants(s3::HeaderList headers) {
    std::vector<Grant> grants;
    for (const auto& [name, permission] : grant_headers) {
        std::string_view rest = s3::header_or_empty(headers, name);
        while (!rest.empty()) {
            auto grant = read_grantee(s3::text::trimmed(s3::text::take_until(rest, ',')), permission);
            if (!grant) return fail(grant.error());
            grants.push_back(std::move(*grant));
        }
    }
    if (grants.size() > s3::acl_grants_max) return fail(s3::errors::malformed_acl());
    return grants;
}

Result<void> check_grantees(const AccessControlPolicy& acl, const AclOwners& owners, const Accounts& accounts) {
    for (const auto& grant : acl.grants) {
        if (grant.group || grant.user.id == owners.object || grant.user.id == owners.bucket) continue;
        if (accounts.canonical(grant.user.id) == nullptr) return fail(s3::errors::invalid_argument("Invalid id"));
    }
    return {};
}

/// Nothing but that the bucket's owner may do everything.
bool is_owners_alone(const AccessControlPolicy& acl, std::string_view bucket_owner) {
    return std::ranges::all_of(acl.grants, [&](const Grant& grant) {
        return !grant.group && grant.user.id == bucket_owner && grant.permission == AclPermission::full_control;
    });
}

AccessControlPolicy owned(std::string_view owner) {
    return {.owner = {.id = std::string(owner)}, .grants = {to_user(owner, AclPermission::full_control)}};
}

}  // namespace

AccessControlPolicy canned_acl_of(std::string_view name, const AclOwners& owners) {
    AccessControlPolicy acl = owned(owners.object);
    const auto add = [&acl](Grant grant) { acl.grants.push_back(std::move(grant)); };
    if (name == "public-read" || name == "public-read-write") add(to_group(Group::all_users, AclPermission::read));
    if (name == "public-read-write") add(to_group(Group::all_users, AclPermission::write));
    if (name == "authenticated-read") add(to_group(Group::authenticated_users, AclPermission::read));
    if (name == "log-delivery-write") {
        add(to_group(Group::log_delivery, AclPermission::write));
        add(to_group(Group::log_delivery, AclPermission::read_acp));
    }
    if (owners.object == owners.bucket) return acl;
    if (name == "bucket-owner-read") add(to_user(owners.bucket, AclPermission::read));
    if (name == owner_has_all) add(to_user(owners.bucket, AclPermission::full_control));
    return acl;
}

AccessControlPolicy acl_of(const KnownBucket& bucket) {
    if (bucket.settings.acls_disabled() || !bucket.settings.acl) return owned(bucket.owner);
    return *bucket.settings.acl;
}

AccessControlPolicy acl_of(const KnownBucket& bucket, const Version& version) {
    if (bucket.settings.acls_disabled()) return owned(bucket.owner);
    if (version.acl.starts_with('<')) {
        if (auto read = s3::parse_access_control_policy(version.acl)) return std::move(*read);
        return owned(version.owner);  // what cannot be read gives nothing to anybody else
    }
    return canned_acl_of(version.acl, {.object = version.owner, .bucket = bucket.owner});
}

AccessControlPolicy named(AccessControlPolicy acl, const Accounts& accounts) {
    const auto name = [&accounts](s3::Owner& owner) {
        const auto* account = accounts.canonical(owner.id);
        owner.display_name = account == nullptr ? "" : account->display_name;
    };
    name(acl.owner);
    for (auto& grant : acl.grants) {
        if (!grant.group) name(grant.user);
    }
    return acl;
}

bool is_public(const AccessControlPolicy& acl) {
    return std::ranges::any_of(acl.grants, [](const Grant& grant) {
        return grant.group == Group::all_users || grant.group == Group::authenticated_users;
    });
}

bool grants(const AccessControlPolicy& acl, const Asker& asker, AclPermission permission) {
    return std::ranges::any_of(acl.grants, [&](const Grant& grant) {
        if (grant.permission != permission && grant.permission != AclPermission::full_control) return false;
        if (!grant.group) return !asker.canonical_id.empty() && grant.user.id == asker.canonical_id;
        if (!asker.groups_count) return false;
        if (grant.group == Group::all_users) return true;
        return grant.group == Group::authenticated_users && !asker.canonical_id.empty();
    });
}

Result<std::optional<AskedAcl>> asked_acl(const AclRequest& request, const Accounts& accounts) {
    auto canned = s3::canned_acl(request.headers);
    if (!canned) return fail(canned.error());
    if (!canned->empty()) {
        auto list = canned_acl_of(*canned, request.owners);
        return AskedAcl{.text = std::move(*canned), .list = std::move(list)};
    }
    auto granted = read_grants(request.headers);
    if (!granted) return fail(granted.error());
    AskedAcl asked;
    if (!granted->empty()) {
        asked.list = {.owner = {.id = request.owners.object}, .grants = std::move(*granted)};
    } else if (!request.body.empty()) {
        auto list = s3::parse_access_control_policy(request.body);
        if (!list) return fail(list.error());
        if (list->owner.id != request.owners.object) return fail(s3::errors::access_denied());
        asked.list = std::move(*list);
        // The names that accounts have are shown, not those that a request gives them.
        asked.list.owner.display_name.clear();
        for (auto& grant : asked.list.grants) grant.user.display_name.clear();
    } else {
        return std::nullopt;
    }
    if (auto known = check_grantees(asked.list, request.owners, accounts); !known) return fail(known.error());
    asked.text = s3::print(asked.list);
    return asked;
}

bool asks_for_acl(s3::HeaderList headers) {
    if (!s3::header_or_empty(headers, "x-amz-acl").empty()) return true;
    return std::ranges::any_of(grant_headers, [&headers](const GrantHeader& header) {
        return !s3::header_or_empty(headers, header.name).empty();
    });
}

Result<void> check_acl(const Settings& settings, const AclOwners& owners, const AskedAcl& asked) {
    if (settings.acls_disabled()) {
        // Of whoever writes, "private" and "the bucket's owner has all" come to the same here.
        const bool harmless = asked.text == "private" || asked.text == owner_has_all;
        if (harmless || is_owners_alone(asked.list, owners.bucket)) return {};
        return fail(s3::errors::access_control_list_not_supported());
    }
    if (settings.blocked().block_public_acls && is_public(asked.list)) return fail(s3::errors::access_denied());
    return {};
}

Result<NewAccess> access_of_new(
    const KnownBucket& bucket, std::string_view writer, s3::HeaderList headers, const Accounts& accounts
) {
    NewAccess access{.owner = std::string(writer.empty() ? std::string_view(bucket.owner) : writer), .acl = {}};
    const AclOwners owners{.object = access.owner, .bucket = bucket.owner};
    auto asked = asked_acl({.headers = headers, .owners = owners}, accounts);
    if (!asked) return fail(asked.error());
    if (*asked) {
        if (auto checked = check_acl(bucket.settings, owners, **asked); !checked) return fail(checked.error());
        access.acl = std::move((*asked)->text);
    }
    const auto& controls = bucket.settings.ownership;
    const bool preferred = controls && controls->ownership == s3::ObjectOwnership::bucket_owner_preferred;
    if (bucket.settings.acls_disabled()) return NewAccess{.owner = bucket.owner, .acl = {}};
    if (preferred && access.acl == owner_has_all) access.owner = bucket.owner;
    return access;
}

}  // namespace cloudshelf::objects
