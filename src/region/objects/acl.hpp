#pragma once

#include "base/result.hpp"
#include "region/objects/accounts.hpp"
#include "region/objects/buckets.hpp"
#include "region/objects/version.hpp"
#include "wire/s3/access_control.hpp"
#include "wire/s3/header_list.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Access control lists (Amazon S3 User Guide, "Access control list (ACL) overview"): of buckets in their documents, of
/// versions in Version::acl, which has the name of a canned list, or a whole list as a document, or nothing, which is
/// "private". A canned one is kept by its name, because what it gives follows from who owns the bucket.
namespace cloudshelf::objects {

struct AclOwners {
    std::string object;  // of what the list is for, a canonical id
    std::string bucket;
};

/// The list that a canned name stands for. Precondition: s3::canned_acl took the name; empty is "private".
s3::AccessControlPolicy canned_acl_of(std::string_view name, const AclOwners& owners);

/// What holds for a bucket, and for a version: where lists are disabled, that the bucket's owner may do everything.
/// Owners and grantees have no display names.
s3::AccessControlPolicy acl_of(const KnownBucket& bucket);
s3::AccessControlPolicy acl_of(const KnownBucket& bucket, const Version& version);

/// With the display names of those accounts that there are.
s3::AccessControlPolicy named(s3::AccessControlPolicy acl, const Accounts& accounts);

/// Whether it gives anything to everybody, or to everybody with an account anywhere.
bool is_public(const s3::AccessControlPolicy& acl);

/// Whom a grant may be for.
struct Asker {
    std::string_view canonical_id;  // empty: anonymous
    bool groups_count = true;       // false: public grants are ignored (IgnorePublicAcls)
};
bool grants(const s3::AccessControlPolicy& acl, const Asker& asker, s3::AclPermission permission);

/// The list that a request asks for: in x-amz-acl (kept as its name), in x-amz-grant-… or, where the operation has one,
/// in its body. `text` is as Version::acl has it. Nothing: it asks for none.
struct AskedAcl {
    std::string text;
    s3::AccessControlPolicy list;
};
struct AclRequest {
    s3::HeaderList headers;
    std::string_view body = {};
    AclOwners owners;
};
/// Errors: InvalidArgument (unknown names, groups and canonical ids), InvalidRequest (both kinds of headers),
/// UnresolvableGrantByEmailAddress, MalformedACLError; AccessDenied for a body that names another owner.
Result<std::optional<AskedAcl>> asked_acl(const AclRequest& request, const Accounts& accounts);

/// Whether a request's headers say who may use what it makes: x-amz-acl or x-amz-grant-….
bool asks_for_acl(s3::HeaderList headers);

/// Whether a list may be set on what is in this bucket. Errors: AccessControlListNotSupported where lists are disabled
/// and this one gives more than the bucket's owner has anyway; AccessDenied for a public one that is blocked.
Result<void> check_acl(const Settings& settings, const AclOwners& owners, const AskedAcl& asked);

/// Who owns a new object that this account writes, and its list: both from the request and the bucket. Anonymous
/// writers (S3 has an account for them, we have none) write for the bucket's owner. Errors: those of asked_acl and
/// check_acl.
struct NewAccess {
    std::string owner;
    std::string acl;
};
Result<NewAccess> access_of_new(
    const KnownBucket& bucket, std::string_view writer, s3::HeaderList headers, const Accounts& accounts
);

}  // namespace cloudshelf::objects
